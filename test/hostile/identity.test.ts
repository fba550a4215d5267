import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { holds, timeLimit } from '../support/fuzz.ts'
import { signedRequest } from '../support/s3.ts'
import { attack, type Ground, judge, mutateText, mutations, prepare, SECRET_KEY } from './support.ts'

// Who is asking, and for what: signatures, tokens and names that were tampered with.

let ground: Ground
beforeAll(async () => {
  ground = await prepare()
})

const LIMIT_MS = timeLimit(30_000)
/** The algorithm and what is said to be signed, by whom, and how: said twice, the last one counts. */
const fieldsOf = (header: string) =>
  [/^\S+/g, /Credential=[^,\s]*/g, /SignedHeaders=[^,\s]*/g, /Signature=[^,\s]*/g].map((field) => header.match(field)?.at(-1))

const isHeader = (text: string) => !/[\0\r\n]/.test(text)

test(
  'an authorization header that was altered is refused',
  async () => {
    const property = fc.asyncProperty(mutations, async (changes) => {
      const request = await signedRequest('GET', `/${ground.mine}/a`, { credentials: ground.attacker })
      const whole = request.headers.get('authorization')!
      const altered = mutateText(whole, changes)
      if (!isHeader(altered)) return
      const headers = new Headers(request.headers)
      headers.set('authorization', altered)
      const verdict = await judge(new Request(request, { headers }))
      // What is between the fields means nothing; whatever is altered in one does.
      if (JSON.stringify(fieldsOf(altered)) !== JSON.stringify(fieldsOf(whole))) expect(verdict.status, altered).toBeGreaterThanOrEqual(400)
    })
    await holds(property, 300)
  },
  LIMIT_MS,
)

test(
  'a signature is good for the one request that it was made for',
  async () => {
    const request = await signedRequest('GET', `/${ground.mine}/a`, { credentials: ground.attacker })
    const elsewhere = (path: string, method = 'GET') => judge(new Request(`http://localhost${path}`, { method, headers: request.headers }))
    expect((await judge(request)).status).toBe(200)
    for (const path of [
      `/${ground.theirs}/${SECRET_KEY}`,
      `/${ground.theirs}`,
      '/',
      `/${ground.mine}/b`,
      `/${ground.mine}/a?acl`,
      `/${ground.mine}//a`,
    ]) {
      expect((await elsewhere(path)).status, path).toBeGreaterThanOrEqual(400)
    }
    for (const method of ['PUT', 'DELETE', 'HEAD', 'POST'])
      expect((await elsewhere(`/${ground.mine}/a`, method)).status).toBeGreaterThanOrEqual(400)
  },
  LIMIT_MS,
)

const presigned = fc.record({
  'X-Amz-Algorithm': fc.constantFrom('AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA1', ''),
  'X-Amz-Credential': fc.oneof(fc.constant('CREDENTIAL'), fc.string({ maxLength: 40 })),
  'X-Amz-Date': fc.oneof(fc.constant('20260101T000000Z'), fc.string({ maxLength: 20 })),
  'X-Amz-Expires': fc.constantFrom('1', '0', '-1', '604801', '1e3', '', 'x', '99999999999999999999'),
  'X-Amz-SignedHeaders': fc.constantFrom('host', '', 'host;host', ';', 'x'),
  'X-Amz-Signature': fc.oneof(fc.constantFrom('', '0'.repeat(64), 'é'), fc.string({ maxLength: 70 })),
})

test(
  'a presigned URL that nobody signed is refused',
  async () => {
    const property = fc.asyncProperty(
      presigned,
      fc.subarray(['X-Amz-Algorithm', 'X-Amz-Expires', 'X-Amz-SignedHeaders', 'X-Amz-Date'] as const),
      async (all, left) => {
        const credential = `${ground.attacker.accessKeyId}/20260101/auto/s3/aws4_request`
        const pairs = Object.entries(all).filter(([name]) => !(left as readonly string[]).includes(name))
        const query = pairs.map(([name, value]) => `${name}=${encodeURIComponent(value.replace('CREDENTIAL', credential).toWellFormed())}`)
        const verdict = await judge(new Request(`http://localhost/${ground.mine}/a?${query.join('&')}`))
        expect(verdict.status).toBeGreaterThanOrEqual(400)
      },
    )
    await holds(property, 200)
  },
  LIMIT_MS,
)

describe('another bucket', () => {
  test('is closed to a token that is not for it, for every operation', async () => {
    const { theirs, theirUpload } = ground
    const targets = ['', '?list-type=2', '?uploads', '?cors', '?location', `/${SECRET_KEY}`, `/${SECRET_KEY}?uploads`]
    targets.push(`/${SECRET_KEY}?uploadId=${theirUpload}`, `/${SECRET_KEY}?uploadId=${theirUpload}&partNumber=1`)
    for (const target of targets) {
      for (const method of ['GET', 'HEAD', 'PUT', 'POST', 'DELETE']) {
        const body = method === 'PUT' || method === 'POST' ? 'x' : undefined
        const { status } = await attack(ground, { method, path: `/${theirs}${target}`, body })
        expect(status, `${method} ${target}`).toBeGreaterThanOrEqual(400)
      }
    }
  })

  test.each([
    '/THEIRS/KEY',
    'THEIRS/KEY',
    'THEIRS%2FKEY',
    '%2FTHEIRS%2FKEY',
    'MINE/../THEIRS/KEY',
    'MINE%2F..%2FTHEIRS%2FKEY',
    '//THEIRS/KEY',
    'THEIRS/KEY?versionId=null',
    '%54HEIRS/KEY',
    'THEIRS//KEY',
    'http://localhost/THEIRS/KEY',
    'arn:aws:s3:::THEIRS/KEY',
    '\tTHEIRS/KEY',
    'MINE/a,THEIRS/KEY',
  ])('is no source of a copy, spelled %s', async (spelled) => {
    const { mine, theirs, myUpload } = ground
    const source = spelled.replace('THEIRS', theirs).replace('MINE', mine).replace('KEY', SECRET_KEY)
    for (const path of [`/${mine}/stolen`, `/${mine}/a?partNumber=1&uploadId=${myUpload}`]) {
      const { status } = await attack(ground, { method: 'PUT', path, headers: { 'x-amz-copy-source': source } })
      expect(status).toBeGreaterThanOrEqual(400)
    }
    expect((await attack(ground, { method: 'GET', path: `/${mine}/stolen` })).status).toBe(404)
  })

  test('does not know an upload of this one, nor this one an upload of that one', async () => {
    const { mine, theirUpload } = ground
    for (const [method, query] of [
      ['PUT', '&partNumber=1'],
      ['GET', ''],
      ['DELETE', ''],
    ] as const) {
      for (const key of ['a', SECRET_KEY]) {
        const path = `/${mine}/${key}?uploadId=${theirUpload}${query}`
        const verdict = await attack(ground, { method, path, body: method === 'PUT' ? 'x' : undefined })
        expect(verdict.code).toBe('NoSuchUpload')
      }
    }
  })
})

test(
  'upload ids and continuation tokens that were tampered with lead nowhere',
  async () => {
    for (let n = 0; n < 5; n++) await attack(ground, { method: 'PUT', path: `/${ground.mine}/page-${n}`, body: 'x' })
    const first = await attack(ground, { method: 'GET', path: `/${ground.mine}?list-type=2&max-keys=2` })
    const token = /<NextContinuationToken>(.*)<\/NextContinuationToken>/.exec(first.text)![1]!
    const property = fc.asyncProperty(mutations, fc.boolean(), async (changes, isToken) => {
      const tampered = encodeURIComponent(mutateText(isToken ? token : ground.myUpload, changes))
      if (isToken) {
        await attack(ground, { method: 'GET', path: `/${ground.mine}?list-type=2&continuation-token=${tampered}` })
        return
      }
      if (tampered === ground.myUpload) return
      const verdict = await attack(ground, { method: 'PUT', path: `/${ground.mine}/a?partNumber=1&uploadId=${tampered}`, body: 'x' })
      if (tampered !== '') expect(verdict.code).toBe('NoSuchUpload')
    })
    await holds(property, 200)
  },
  LIMIT_MS,
)
