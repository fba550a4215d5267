import { exports } from 'cloudflare:workers'
import fc from 'fast-check'
import { expect } from 'vitest'
import { createToken, secretAccessKeyOf } from '../../src/control/tokens.ts'
import { ERRORS } from '../../src/core/errors.ts'
import { env, secrets } from '../support/bucket.ts'
import { type Credentials, ROOT, signedRequest } from '../support/s3.ts'

export const worker = (exports as unknown as { default: Fetcher }).default

/** What nobody but its owner may ever see. */
export const SECRET = 'the bytes of somebody else'
export const SECRET_KEY = 'somebody-elses-key'

/** Two buckets: one that the attacker's token is for, and one that it is not. */
export interface Ground {
  readonly attacker: Credentials
  readonly mine: string
  readonly theirs: string
  /** Multipart uploads to `a` in `mine` and to {@link SECRET_KEY} in `theirs`. */
  readonly myUpload: string
  readonly theirUpload: string
}

let grounds = 0

export async function prepare(): Promise<Ground> {
  const [mine, theirs] = [`mine-${++grounds}`, `theirs-${grounds}`]
  for (const bucket of [mine, theirs]) await owner('PUT', `/${bucket}`)
  await owner('PUT', `/${mine}/a`, 'my own bytes')
  await owner('PUT', `/${theirs}/${SECRET_KEY}`, SECRET)
  const id = grounds.toString(16).padStart(32, 'd')
  const value = `the value of the attacker's token ${grounds}`
  const policy = { level: 'object-read-write' as const, buckets: [{ jurisdiction: 'default' as const, name: mine }] }
  await createToken(env.CONTROL, secrets, { id, value, name: 'attacker', policies: [policy as never] }, Date.now())
  return {
    attacker: { accessKeyId: id, secretAccessKey: secretAccessKeyOf(value) },
    mine,
    theirs,
    myUpload: await openUpload(`/${mine}/a`),
    theirUpload: await openUpload(`/${theirs}/${SECRET_KEY}`),
  }
}

async function owner(method: string, path: string, body?: string): Promise<string> {
  const response = await worker.fetch(await signedRequest(method, path, { credentials: ROOT, body }))
  expect(response.status, `${method} ${path}`).toBe(200)
  return response.text()
}

const openUpload = async (path: string) => /<UploadId>(.*)<\/UploadId>/.exec(await owner('POST', `${path}?uploads`))![1]!

export interface Attack {
  readonly method: string
  /** Path and query, encoded. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

export interface Verdict {
  readonly status: number
  readonly code: string | undefined
  readonly text: string
  readonly headers: Headers
}

/** Sends what only its content makes hostile, signed by the attacker, and checks the answer. */
export async function attack({ attacker }: Ground, { method, path, ...options }: Attack): Promise<Verdict> {
  return judge(await signedRequest(method, path, { ...options, credentials: attacker }))
}

const DOCUMENT =
  /^<\?xml version="1\.0" encoding="UTF-8"\?><Error><Code>(\w+)<\/Code><Message>[^<>]*<\/Message>(<\w+>[^<>]*<\/\w+>)*<\/Error>$/

/** Whatever was sent: no failure of ours, nobody else's bytes, and a failure is R2's, in R2's form. */
export async function judge(request: Request): Promise<Verdict> {
  const what = `${request.method} ${request.url} ${JSON.stringify([...request.headers])}`
  const response = await worker.fetch(request)
  const text = await response.text()
  const { status, headers } = response
  // A refusal may repeat what was asked for.
  const told = text.includes(SECRET_KEY) && !what.includes(SECRET_KEY)
  expect(told || text.includes(SECRET), `somebody else's data: ${what}`).toBe(false)
  if (status < 400) return { status, code: undefined, text, headers }
  expect(status < 500 || status === 501, `${status} to ${what}: ${text}`).toBe(true)
  if (request.method === 'HEAD') return { status, code: undefined, text, headers }
  const code = DOCUMENT.exec(text)?.[1]
  expect(code !== undefined && code in ERRORS, `not an error of R2's: ${status} ${text} to ${what}`).toBe(true)
  return { status, code, text, headers }
}

/** Text with every class of character that a URL can carry percent-encoded. */
export const anyText = fc
  .oneof(fc.string({ unit: 'binary', maxLength: 20 }), fc.string({ unit: 'grapheme', maxLength: 20 }))
  .map((text) => text.toWellFormed())

/** Changes some bytes: flips, cuts, repeats and inserts. */
export const mutations = fc.array(
  fc.record({
    kind: fc.constantFrom('flip', 'cut', 'repeat', 'insert', 'truncate'),
    at: fc.nat(),
    value: fc.nat(255),
    length: fc.integer({ min: 1, max: 12 }),
  }),
  { minLength: 1, maxLength: 3 },
)
export type Mutations = typeof mutations extends fc.Arbitrary<infer T> ? T : never

export function mutate(bytes: Uint8Array, changes: Mutations): Uint8Array {
  let all = [...bytes]
  for (const { kind, at, value, length } of changes) {
    const place = all.length === 0 ? 0 : at % all.length
    if (kind === 'flip' && all.length > 0) all[place] = value
    else if (kind === 'cut') all.splice(place, length)
    else if (kind === 'repeat') all.splice(place, 0, ...all.slice(place, place + length))
    else if (kind === 'insert') all.splice(place, 0, value)
    else if (kind === 'truncate') all = all.slice(0, place)
  }
  return new Uint8Array(all)
}

export const mutateText = (text: string, changes: Mutations): string =>
  new TextDecoder('latin1').decode(mutate(new TextEncoder().encode(text), changes))

/** Values that mean something in one header or another. */
const MEANINGFUL = [
  ...['bytes=0-5', 'bytes=-3', 'bytes=5-', 'bytes=0-0,2-3', '*', '"9a0364b9e99bb480dd25e1f0284c8555"', 'W/"x"', '"a", "b"'],
  ...['Sat, 21 Nov 2026 08:00:00 GMT', 'Saturday, 21-Nov-26 08:00:00 GMT', '2026-11-21T08:00:00Z', '1795000000', 'max-age=0'],
  ...[
    'STANDARD',
    'STANDARD_IA',
    'GLACIER',
    'COPY',
    'REPLACE',
    'AES256',
    'aws:kms',
    'CRC32',
    'CRC64NVME',
    'SHA256',
    'FULL_OBJECT',
    'COMPOSITE',
  ],
  ...['AAAAAA==', 'AAAAAAAAAAA=', '1B2M2Y8AsgTpgAmY7PhCfg==', 'MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=', 'ETag,Checksum,ObjectParts'],
  ...[
    '=?utf-8?b?w6k=?=',
    '=?utf-8?q?=C3=A9?=',
    'aws-chunked',
    'aws-chunked,gzip',
    'text/plain; charset=utf-8',
    'http://localhost',
    '10',
    '0',
  ],
]

/** Text of every kind that a header can carry; little of it beyond ASCII, of which workerd complains aloud. */
export const headerText = fc.oneof(
  fc.constantFrom(...MEANINGFUL),
  fc.tuple(fc.constantFrom(...MEANINGFUL), mutations).map(([text, changes]) => mutateText(text, changes).replace(/[^\x20-\x7e]/g, '?')),
  fc.string({
    unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
    maxLength: 60,
  }),
  fc.constantFrom(
    '',
    ' ',
    '*',
    '"',
    '""',
    'W/""',
    '0',
    '-1',
    '1e9',
    '00000000000000000001',
    '99999999999999999999',
    'null',
    'true',
    'bytes=',
    '=?utf-8?b?',
    '=?utf-8?q?=FF?=',
    '..',
    '%',
    '%zz',
    '%00',
    'é',
    '\u00ff'.repeat(50),
  ),
)
