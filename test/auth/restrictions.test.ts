import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { admitsAddress } from '../../src/auth/addresses.ts'
import { type ApiToken, isLive, mayGrant, type Permission } from '../../src/auth/policies.ts'
import { type Demand, permits } from '../../src/auth/session-scope.ts'
import { mintSession, openSession, SESSION_LEVELS, type SessionPermission } from '../../src/auth/session-token.ts'
import { PERMISSION_GROUPS } from '../../src/control/permission-groups.ts'
import { compilePolicy } from '../../src/control/token-policies.ts'
import type { BucketRef } from '../../src/core/object.ts'
import { sessionClaims } from '../../src/faces/rest/temporary-credentials/operations.ts'
import { TemporaryCredentialsBody } from '../../src/faces/rest/temporary-credentials/schemas.ts'
import { attributesOf, TokenBody } from '../../src/faces/rest/tokens/schemas.ts'
import { budget, timeLimit } from '../support/fuzz.ts'

// Whatever restricts a credential, as a client writes it: afterwards it is allowed no more than before. A restriction that is not
// understood makes no credential at all.

const NOW = Date.UTC(2026, 5, 12)
const SECONDS = NOW / 1000
const ACCOUNT = '2'.repeat(32)
const SECRET = 'a'.repeat(64)
const ID = '1'.repeat(32)
const LIMIT_MS = timeLimit(60_000)

type Json = Record<string, unknown>

// ---- What may be asked for

const BUCKETS: readonly BucketRef[] = (['default', 'eu'] as const).flatMap((jurisdiction) =>
  ['photos', 'vault'].map((name) => ({ jurisdiction, name })),
)
const KEYS = ['in/a', 'in/', 'in', 'out/a', 'one', '', 'in/deep/b']
const ACTIONS = ['GetObject', 'PutObject', 'ListObjectsV2', 'DeleteObjects', 'HeadBucket', 'PutBucketCors']
const NEEDS: readonly Permission[] = [
  ...(['object:read', 'object:write', 'bucket:read', 'bucket:write'] as const),
  ...(['account:list', 'account:write', 'audit:read', 'token:read', 'token:write'] as const),
]

/** A demand, when and from where. */
type Asked = Demand & { atMs: number; from: string | undefined }

/** Most demands are about a bucket, soon. */
const someDemand: fc.Arbitrary<Asked> = fc
  .record(
    {
      needs: fc.constantFrom(...NEEDS),
      action: fc.constantFrom(...ACTIONS),
      bucket: fc.constantFrom(undefined, ...BUCKETS, ...BUCKETS),
      key: fc.constantFrom(...KEYS),
      prefix: fc.constantFrom(...KEYS),
      from: fc.constantFrom(undefined, '192.0.2.0', '192.0.2.1', '198.51.100.7', '2001:db8::1'),
      atMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 7200 })).map((seconds) => NOW + seconds * 1000),
    },
    { requiredKeys: ['needs', 'action', 'bucket', 'from', 'atMs'] },
  )
  .map((demand) => demand)

// ---- Documents, and what is made of them

/** A credential as whoever makes it writes it. */
type Credential =
  | { readonly kind: 'token'; readonly token: Json }
  | { readonly kind: 'minted'; readonly token: Json; readonly body: Json }
  | { readonly kind: 'signed'; readonly token: Json; readonly header: Json; readonly claims: Json }

function tokenOf(document: Json): ApiToken | null {
  const parsed = TokenBody.safeParse(document)
  if (!parsed.success) return null
  const { name, policies, notBeforeMs, expiresMs, addresses, disabled } = attributesOf(parsed.data)
  if (disabled) return null
  try {
    return { id: ID, name, policies: policies.flatMap((policy) => compilePolicy(policy, ACCOUNT)), notBeforeMs, expiresMs, addresses }
  } catch {
    return null
  }
}

/** The session token that the API would make; null where it refuses. */
function minted(token: ApiToken, document: Json): string | null {
  const parsed = TemporaryCredentialsBody.safeParse(document)
  if (!parsed.success) return null
  const claims = sessionClaims(parsed.data, { accountId: ACCOUNT, host: 'localhost', nowMs: NOW })
  const bucket = { jurisdiction: parsed.data.jurisdiction ?? 'default', name: parsed.data.bucket }
  if (!mayGrant(token, { level: SESSION_LEVELS[parsed.data.permission], buckets: [bucket] })) return null
  return claims.exp * 1000 > (token.expiresMs ?? Number.POSITIVE_INFINITY) ? null : mintSession(claims, SECRET).credentials.sessionToken
}

function signed(header: Json, claims: Json): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part(header)}.${part(claims)}`
  return Buffer.from(`jwt/${text}.${createHmac('sha256', SECRET).update(text).digest('base64url')}`).toString('base64')
}

/** Whether there is such a credential at all. */
function isMade(credential: Credential): boolean {
  const token = tokenOf(credential.token)
  return token !== null && (credential.kind !== 'minted' || minted(token, credential.body) !== null)
}

/** What a credential is allowed. */
function rightsOf(credential: Credential): (demand: Asked) => boolean {
  const token = tokenOf(credential.token)
  if (token === null) return () => false
  const live = ({ atMs, from }: Asked) => isLive(token, atMs) && admitsAddress(token, from)
  if (credential.kind === 'token') return (demand) => live(demand) && permits({ accessKeyId: ID, token }, demand)
  const text = credential.kind === 'minted' ? minted(token, credential.body) : signed(credential.header, credential.claims)
  if (text === null) return () => false
  return (demand) => {
    const session = openSession(text, { secretAccessKey: SECRET, token }, { accountId: ACCOUNT, now: demand.atMs })?.scope
    return live(demand) && session !== undefined && permits({ accessKeyId: ID, token, session }, demand)
  }
}

const bucketResource = ({ jurisdiction, name }: BucketRef) => ({
  [`com.cloudflare.edge.r2.bucket.${ACCOUNT}_${jurisdiction}_${name}`]: '*',
})
const EVERYTHING: Json = { [`com.cloudflare.api.account.${ACCOUNT}`]: '*' }
const someResources = fc.oneof(
  fc.constant(EVERYTHING),
  fc.subarray([...BUCKETS], { minLength: 1 }).map((buckets) => Object.assign({}, ...buckets.map(bucketResource)) as Json),
)
/** Groups for the account go with the account alone. */
const policyOf = (effect: fc.Arbitrary<'allow' | 'deny'>) =>
  fc
    .record({ effect, group: fc.constantFrom(...PERMISSION_GROUPS), resources: someResources })
    .map(({ effect, group: { id, scope }, resources }): Json => {
      return { effect, permission_groups: [{ id }], resources: scope === 'com.cloudflare.api.account' ? EVERYTHING : resources }
    })
const somePolicy = policyOf(fc.constantFrom('allow', 'allow', 'allow', 'deny'))
const someTime = fc.integer({ min: 1, max: 7200 }).map((seconds) => new Date(NOW + seconds * 1000).toISOString())

const someToken: fc.Arbitrary<Json> = fc.record(
  { name: fc.constant('t'), policies: fc.array(somePolicy, { minLength: 1, maxLength: 4 }), not_before: someTime, expires_on: someTime },
  { requiredKeys: ['name', 'policies'] },
)
const somePermission = fc.constantFrom(...(Object.keys(SESSION_LEVELS) as SessionPermission[]))
const someList = fc.subarray([...KEYS])
const someBody: fc.Arbitrary<Json> = fc
  .record(
    {
      bucket: fc.constantFrom('photos', 'vault'),
      permission: somePermission,
      ttlSeconds: fc.oneof(fc.constant(7200), fc.integer({ min: 1, max: 7200 })),
      prefixes: someList,
      objects: someList,
      jurisdiction: fc.constantFrom('default', 'eu'),
    },
    { requiredKeys: ['bucket', 'permission', 'ttlSeconds'] },
  )
  .map((body) => ({ ...body, parentAccessKeyId: ID }))
const someClaims: fc.Arbitrary<Json> = fc
  .record(
    {
      bucket: fc.constantFrom('photos', 'vault'),
      scope: somePermission,
      exp: fc.oneof(fc.constant(SECONDS + 7200), fc.integer({ min: SECONDS + 1, max: SECONDS + 7200 })),
      nbf: fc.oneof(fc.constant(SECONDS), fc.integer({ min: SECONDS, max: SECONDS + 7200 })),
      actions: fc.oneof(fc.constant([...ACTIONS]), fc.subarray([...ACTIONS])),
      paths: fc.record({ prefixPaths: someList, objectPaths: someList }, { requiredKeys: [] }),
      jurisdiction: fc.constantFrom('default', 'eu'),
    },
    { requiredKeys: ['bucket', 'scope', 'exp'] },
  )
  .map((claims) => ({ sub: ACCOUNT, iss: ID, iat: SECONDS, ...claims }))

// ---- Restrictions

/** What restricts a document, made of some randomness. Where it does not apply, it changes nothing. */
type Restriction = (document: Json, random: Randomness) => Json

interface Randomness {
  readonly n: number
  readonly time: string
  readonly policy: Json
  readonly resources: Json
  readonly list: readonly string[]
  readonly name: string
  readonly value: unknown
}

const someRandomness: fc.Arbitrary<Randomness> = fc.record({
  n: fc.nat(1000),
  time: someTime,
  policy: policyOf(fc.constant('deny')),
  resources: someResources,
  list: someList,
  // What whoever limits a credential might write.
  name: fc.constantFrom(
    'prefix',
    'paths',
    'object',
    'action',
    'Prefixes',
    'conditions',
    'request_ip',
    'expires',
    'exp',
    'actions',
    '__proto__x',
  ),
  value: fc.oneof(fc.constantFrom<unknown>('in/', ['in/'], [], {}, null, false, 1), fc.jsonValue()),
})

const LOWER: Readonly<Record<string, string>> = {
  [groupId('admin-read-write')]: groupId('admin-read'),
  [groupId('admin-read')]: groupId('object-read'),
  [groupId('object-read-write')]: groupId('object-read'),
  [groupId('tokens-read-write')]: groupId('tokens-read'),
}
function groupId(level: string): string {
  return PERMISSION_GROUPS.find((group) => group.level === level)!.id
}

const policiesOf = (document: Json) => document.policies as Json[]
/** Changes one of the policies that allow. */
function changeAllowing(document: Json, n: number, change: (policy: Json) => Json): Json {
  const allowing = policiesOf(document).filter(({ effect }) => effect === 'allow')
  const chosen = allowing[n % Math.max(allowing.length, 1)]
  return { ...document, policies: policiesOf(document).map((policy) => (policy === chosen ? change(policy) : policy)) }
}
const earlier = (a: unknown, b: string): string => (typeof a === 'string' && a < b ? a : b)
const later = (a: unknown, b: string): string => (typeof a === 'string' && a > b ? a : b)
const without = <T>(items: readonly T[], n: number): T[] => items.filter((_, i) => i !== n % items.length)

const OF_TOKENS: Readonly<Record<string, Restriction>> = {
  'a policy that denies': (token, { policy }) => ({ ...token, policies: [...policiesOf(token), policy] }),
  'an earlier end': (token, { time }) => ({ ...token, expires_on: earlier(token.expires_on, time) }),
  'a later beginning': (token, { time }) => ({ ...token, not_before: later(token.not_before, time) }),
  'a condition': (token, { list, n }) => {
    const ips = list.map((_, i) => `192.0.2.${i}/32`)
    return {
      ...token,
      condition: [{ request_ip: { in: ips } }, { request_ip: { not_in: ips } }, { 'request.ip': { in: ips } }, { requestIp: ips }][n % 4],
    }
  },
  'one policy less': (token, { n }) => {
    const allowing = policiesOf(token).filter(({ effect }) => effect === 'allow')
    const gone = allowing[n % Math.max(allowing.length, 1)]
    return { ...token, policies: policiesOf(token).filter((policy) => policy !== gone) }
  },
  'a lower permission': (token, { n }) =>
    changeAllowing(token, n, (policy) => ({
      ...policy,
      permission_groups: (policy.permission_groups as { id: string }[]).map(({ id }) => ({ id: LOWER[id] ?? id })),
    })),
  'some buckets instead of all': (token, { n, resources }) =>
    changeAllowing(token, n, (policy) => ({
      ...policy,
      resources: policy.resources === EVERYTHING ? resources : policy.resources,
    })),
  'one resource less': (token, { n }) =>
    changeAllowing(token, n, (policy) => ({
      ...policy,
      resources: Object.fromEntries(without(Object.entries(policy.resources as Json), n)),
    })),
  'no resources': (token, { n }) => changeAllowing(token, n, (policy) => ({ ...policy, resources: {} })),
  'no groups': (token, { n }) => changeAllowing(token, n, (policy) => ({ ...policy, permission_groups: [] })),
  'being disabled': (token) => ({ ...token, status: 'disabled' }),
  'what is not known': (token, { name, value }) => ({ [name]: value, ...token }),
  'what is not known in a policy': (token, { n, name, value }) => changeAllowing(token, n, (policy) => ({ [name]: value, ...policy })),
}

const LOWER_PERMISSION: Readonly<Record<string, string>> = {
  'admin-read-write': 'admin-read-only',
  'admin-read-only': 'object-read-only',
  'object-read-write': 'object-read-only',
  'object-read-only': 'none',
}

/** A list limits where there is none yet; where there are lists, one item less does. */
function limitPaths(document: Json, names: readonly [string, string], { n, list }: Randomness): Json {
  const given = names.filter((name) => document[name] !== undefined)
  if (given.length === 0) return { ...document, [names[n % 2]!]: list }
  const name = given[n % given.length]!
  return { ...document, [name]: without(document[name] as string[], n) }
}

const OF_BODIES: Readonly<Record<string, Restriction>> = {
  'paths, or less of them': (body, random) => limitPaths(body, ['prefixes', 'objects'], random),
  'a lower permission': (body) => ({ ...body, permission: LOWER_PERMISSION[body.permission as string] }),
  'a shorter life': (body, { n }) => ({ ...body, ttlSeconds: Math.max((body.ttlSeconds as number) - n, 0) }),
  'actions, which the API does not take': (body, { list }) => ({ ...body, actions: list }),
  'what is not known': (body, { name, value }) => ({ [name]: value, ...body }),
}

const OF_CLAIMS: Readonly<Record<string, Restriction>> = {
  'paths, or less of them': (claims, random) => {
    const paths = (claims.paths ?? {}) as Json
    return { ...claims, paths: limitPaths(paths, ['prefixPaths', 'objectPaths'], random) }
  },
  'what is not known in the paths': (claims, { name, value }) => ({ ...claims, paths: { [name]: value, ...(claims.paths as Json) } }),
  'paths of another kind': (claims, { list }) => ({ ...claims, paths: list }),
  actions: (claims, { n }) => ({ ...claims, actions: without((claims.actions ?? ACTIONS) as string[], n) }),
  'a lower scope': (claims) => ({ ...claims, scope: LOWER_PERMISSION[claims.scope as string] }),
  'an earlier end': (claims, { n }) => ({ ...claims, exp: (claims.exp as number) - n }),
  'a later beginning': (claims, { n }) => ({ ...claims, nbf: ((claims.nbf as number | undefined) ?? SECONDS) + n }),
}

const OF_HEADERS: Readonly<Record<string, Restriction>> = {
  'what must be understood': (header, { name }) => ({ ...header, crit: [name] }),
  'another way to the secret': (header, { value }) => ({ ...header, 'secret-by': value }),
}

// ---- The property

/** Some of the restrictions, one after the other, each on the part of a credential that it is about. */
function neverMore<C extends Credential>(
  some: fc.Arbitrary<C>,
  part: keyof C & string,
  restrictions: Readonly<Record<string, Restriction>>,
): void {
  const steps = fc.array(fc.tuple(fc.constantFrom(...Object.keys(restrictions)), someRandomness), { minLength: 1, maxLength: 3 })
  const property = fc.property(some, steps, fc.array(someDemand, { minLength: 40, maxLength: 40 }), (credential, chosen, demands) => {
    const restricted = chosen.reduce((document, [name, random]) => restrictions[name]!(document, random), credential[part] as Json)
    const [before, after] = [rightsOf(credential), rightsOf({ ...credential, [part]: restricted })]
    for (const demand of demands.filter(after)) expect(before(demand), JSON.stringify(demand)).toBe(true)
  })
  fc.assert(property, budget(300))
}

const tokens = someToken.map((token) => ({ kind: 'token', token }) as const).filter(isMade)
/** Parents that hold enough for most of what is asked of them to be granted. */
const parents = fc.oneof(
  someToken,
  fc.constant<Json>({
    name: 'strong',
    policies: [
      {
        effect: 'allow',
        permission_groups: [{ id: groupId('admin-read-write') }],
        resources: EVERYTHING,
      },
    ],
  }),
)
const mints = fc
  .record({ token: parents, body: someBody })
  .map((parts) => ({ kind: 'minted', ...parts }) as const)
  .filter(isMade)
const local = fc
  .record({ token: parents, claims: someClaims, header: fc.constantFrom<Json>({ alg: 'HS256' }, { alg: 'HS256', 'secret-by': 'parent' }) })
  .map((parts) => ({ kind: 'signed', ...parts }) as const)
  .filter(isMade)

describe('a restriction never allows more', () => {
  test.each(Object.keys(OF_TOKENS))('of an API token: %s', (name) => neverMore(tokens, 'token', { [name]: OF_TOKENS[name]! }), LIMIT_MS)
  test('of an API token: several', () => neverMore(tokens, 'token', OF_TOKENS), LIMIT_MS)
  test.each(Object.keys(OF_BODIES))(
    'of a session that the API makes: %s',
    (name) => neverMore(mints, 'body', { [name]: OF_BODIES[name]! }),
    LIMIT_MS,
  )
  test('of a session that the API makes: several', () => neverMore(mints, 'body', OF_BODIES), LIMIT_MS)
  test.each(Object.keys(OF_CLAIMS))(
    'of a session that is signed locally: %s',
    (name) => neverMore(local, 'claims', { [name]: OF_CLAIMS[name]! }),
    LIMIT_MS,
  )
  test('of a session that is signed locally: several', () => neverMore(local, 'claims', OF_CLAIMS), LIMIT_MS)
  test('in the header of one', () => neverMore(local, 'header', OF_HEADERS), LIMIT_MS)
  test(
    'of the parent of a session',
    () => {
      neverMore(mints, 'token', OF_TOKENS)
      neverMore(local, 'token', OF_TOKENS)
    },
    LIMIT_MS,
  )
})

test('what is tried is allowed often enough to say something', () => {
  const counts = { token: 0, minted: 0, signed: 0 }
  const property = fc.property(
    fc.oneof(tokens, mints, local),
    fc.array(someDemand, { minLength: 40, maxLength: 40 }),
    (credential, demands) => {
      if (demands.some(rightsOf(credential))) counts[credential.kind]++
    },
  )
  fc.assert(property, { ...budget(600), numRuns: 600 })
  for (const kind of ['token', 'minted', 'signed'] as const) expect(counts[kind]).toBeGreaterThan(20)
})
