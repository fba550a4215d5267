import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ERRORS } from '../../../src/core/errors.ts'
import { ROUTES } from '../../../src/faces/rest/routes.ts'
import { readBody, readHeaders, readQuery } from '../../../src/faces/rest/validate.ts'
import { budget, timeLimit } from '../../support/fuzz.ts'

// Whatever a body lacks or has too much of, whoever sent it is told in a sentence: never in the words of the schema library.

const bodies = ROUTES.flatMap(({ op, body }) => (body === undefined ? [] : [{ op, body }]))
const LIBRARY =
  /\b(received|expected|[Ii]nvalid (input|option|string|ISO|key|value|discriminator)|Too (big|small)|Unrecognized|ZodError|undefined|NaN)\b/
/** The text of an error, a place and what is wrong there, or a text of our own for one of our errors. */
const SENTENCE = /^(The JSON you provided was not well formed\. \S+ (is|must|has) .+\.|The request has no body: it needs one in JSON\.)$/s

async function refusal(body: (typeof bodies)[number]['body'], json: string): Promise<string | null> {
  const request = new Request('http://localhost/', { method: 'POST', body: json === '' ? undefined : json })
  return readBody(body, request).then(
    () => null,
    (error: Error) => error.message,
  )
}

function check(message: string | null): void {
  if (message === null || Object.values(ERRORS).some((row) => row.message === message)) return
  expect(message).toMatch(SENTENCE)
  expect(message.replaceAll(/"[^"]*"/g, '""')).not.toMatch(LIBRARY)
}

/** Bodies that are nearly right, so that more than their outside is looked at. */
const SAMPLES: readonly unknown[] = [
  { name: 'n', locationHint: 'weur', storageClass: 'Standard' },
  {
    name: 'n',
    policies: [{ effect: 'allow', permission_groups: [{ id: 'x' }], resources: { a: '*' } }],
    expires_on: '2030-01-01T00:00:00Z',
    condition: { request_ip: { in: ['x'], not_in: ['x'] } },
  },
  {
    bucket: 'b',
    parentAccessKeyId: 'p',
    permission: 'object-read-only',
    ttlSeconds: 1,
    prefixes: ['a'],
    objects: ['b'],
    jurisdiction: 'eu',
  },
  { rules: [{ allowed: { origins: ['*'], methods: ['GET'], headers: ['x'] }, exposeHeaders: ['x'], maxAgeSeconds: 5, id: 'i' }] },
  {
    rules: [
      {
        id: 'r',
        enabled: true,
        conditions: { prefix: 'a' },
        deleteObjectsTransition: { condition: { type: 'Age', maxAge: 1 } },
        storageClassTransitions: [{ condition: { type: 'Date', date: '2030-01-01' }, storageClass: 'InfrequentAccess' }],
      },
    ],
  },
  { rules: [{ id: 'r', enabled: true, prefix: 'a', condition: { type: 'Age', maxAgeSeconds: 1 } }] },
  { rules: [{ actions: ['PutObject'], prefix: 'a', suffix: 'b', description: 'd' }] },
  { ruleIds: ['a'] },
  { domain: 'files.example.com', zoneId: '0'.repeat(32), enabled: true, minTLS: '1.2', ciphers: ['AES128-GCM-SHA256'] },
  { query: '{}', operationName: 'x', variables: {} },
  ['a', 'b'],
]

/** Takes a member away, adds one, or replaces one, somewhere within. */
function damage(value: unknown, [path, kind, other]: readonly [readonly number[], string, unknown]): unknown {
  if (path.length === 0 || typeof value !== 'object' || value === null) return other
  const names = Object.keys(value)
  const name = names[path[0]! % Math.max(names.length, 1)]
  if (name === undefined || (path.length === 1 && kind === 'add')) return { ...value, surplus: other }
  if (path.length === 1 && kind === 'drop') {
    return Array.isArray(value)
      ? value.toSpliced(Number(name), 1)
      : Object.fromEntries(Object.entries(value).filter(([key]) => key !== name))
  }
  const within = damage((value as Record<string, unknown>)[name], [path.slice(1), kind, other])
  return Array.isArray(value) ? value.with(Number(name), within) : { ...value, [name]: within }
}

const damages = fc.tuple(
  fc.array(fc.nat(20), { maxLength: 6 }),
  fc.constantFrom('drop', 'add', 'replace'),
  fc.oneof(fc.constantFrom<unknown>(null, '', [], {}, 1.5, -1, 1e300, true, 'x'.repeat(2000), Array(1001).fill('x')), fc.jsonValue()),
)

describe.each(bodies)('$op', ({ body }) => {
  test.each(['', 'null', '[]', '{}', '"x"', '1', 'true', '[null]', '{"rules":{}}', '{"rules":[null]}', '{"surplus":1}'])(
    'refuses %j in a sentence, if it does',
    async (json) => check(await refusal(body, json)),
  )
})

test(
  'any other body is refused in a sentence',
  async () => {
    const property = fc.asyncProperty(fc.constantFrom(...SAMPLES), damages, async (sample, how) => {
      const json = JSON.stringify(damage(sample, how)) ?? 'null'
      for (const { body } of bodies) check(await refusal(body, json))
    })
    await fc.assert(property, budget(300))
  },
  timeLimit(60_000),
)

test('parameters and headers are refused in a sentence, too', () => {
  for (const { query, headers } of ROUTES) {
    for (const value of ['', ' ', '0', '-1', '1.5', 'x', '99999', '2026-13-01']) {
      const asked = { get: () => value } as unknown as URLSearchParams & Headers
      for (const read of [() => readQuery(query, asked), () => readHeaders(headers, asked)]) {
        try {
          read()
        } catch (error) {
          const { message } = error as Error
          if (Object.values(ERRORS).some((row) => row.message === message)) continue
          expect(message).toMatch(/^The (parameter|header) \S+ (is|must|has) /)
          expect(message.replaceAll(/"[^"]*"/g, '""')).not.toMatch(LIBRARY)
        }
      }
    }
  }
})

test.each<[string, unknown, string]>([
  ['CreateAccountToken', undefined, 'The request has no body: it needs one in JSON.'],
  ['CreateAccountToken', { name: 'x' }, 'The JSON you provided was not well formed. policies is missing.'],
  ['CreateAccountToken', { name: 'x', policies: [] }, 'The JSON you provided was not well formed. policies must not be empty.'],
  ['CreateTemporaryCredentials', { bucket: 1 }, 'The JSON you provided was not well formed. bucket must be a text.'],
  [
    'PutManagedDomain',
    { enabled: true, until: 1 },
    'The JSON you provided was not well formed. It must not have "until": there is no such member, or it is not supported.',
  ],
])('%s is told of %j: %s', async (op, value, message) => {
  const { body } = bodies.find((row) => row.op === op)!
  expect(await refusal(body, value === undefined ? '' : JSON.stringify(value))).toBe(message)
})
