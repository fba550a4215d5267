import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ChunkSignatures } from '../../src/auth/chunk-signatures.ts'
import type { ByteSource } from '../../src/core/byte-source.ts'
import { AwsChunkedSource } from '../../src/http/aws-chunked.ts'

const AMZ_DATE = '20130524T000000Z'
const SCOPE = '20130524/us-east-1/s3/aws4_request'
const hash = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex')
const hmac = (key: string | Uint8Array, text: string) => createHmac('sha256', key).update(text).digest()
const KEY = ['20130524', 'us-east-1', 's3', 'aws4_request'].reduce(hmac, Buffer.from('AWS4wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'))
const SEED = hash('seed')

const verifier = (trailer: boolean, seedSignature = SEED) =>
  new ChunkSignatures({ trailer, seedSignature, signingKey: KEY, amzDate: AMZ_DATE, scope: SCOPE })

const sourceOf = (body: Uint8Array): ByteSource => {
  let at = 0
  return {
    read: async (size) => {
      at += size
      return body.slice(at - size, at)
    },
    cancel: async () => {},
  }
}

const text = (value: string) => new Uint8Array(Buffer.from(value, 'latin1'))

async function decode(body: Uint8Array | string, options?: ConstructorParameters<typeof AwsChunkedSource>[1], readSize = 1000) {
  const source = new AwsChunkedSource(sourceOf(typeof body === 'string' ? text(body) : body), options)
  const pieces: Uint8Array[] = []
  for (;;) {
    const piece = await source.read(readSize)
    pieces.push(piece)
    if (piece.length < readSize) break
  }
  expect(await source.read(readSize)).toHaveLength(0)
  return { data: Buffer.concat(pieces), trailers: Object.fromEntries(source.trailers) }
}

function frame(chunks: readonly Uint8Array[], trailers: Record<string, string> = {}): Uint8Array {
  const framed = chunks.flatMap((chunk) => [text(`${chunk.length.toString(16)}\r\n`), chunk, text('\r\n')])
  const lines = Object.entries(trailers).map(([name, value]) => `${name}:${value}\r\n`)
  return new Uint8Array(Buffer.concat([...framed, text(`0\r\n${lines.join('')}\r\n`)]))
}

/** As {@link frame}, signed by code that shares nothing with what it tests. */
function frameSigned(chunks: readonly Uint8Array[], trailers?: Record<string, string>): Uint8Array {
  let previous = SEED
  const chain = (...lines: string[]) => {
    previous = hmac(KEY, lines.join('\n')).toString('hex')
    return previous
  }
  const signChunk = (data: Uint8Array) =>
    `${data.length.toString(16)};chunk-signature=${chain('AWS4-HMAC-SHA256-PAYLOAD', AMZ_DATE, SCOPE, previous, hash(''), hash(data))}\r\n`
  const framed = chunks.flatMap((chunk) => [text(signChunk(chunk)), chunk, text('\r\n')])
  framed.push(text(signChunk(text(''))))
  if (trailers) {
    const lines = Object.entries(trailers).map(([name, value]) => `${name}:${value}`)
    const signature = chain('AWS4-HMAC-SHA256-TRAILER', AMZ_DATE, SCOPE, previous, hash(lines.map((line) => `${line}\n`).join('')))
    framed.push(text([...lines, `x-amz-trailer-signature:${signature}`].map((line) => `${line}\r\n`).join('')))
  }
  return new Uint8Array(Buffer.concat([...framed, text('\r\n')]))
}

const incomplete = { name: 'StoreError', code: 'IncompleteBody', status: 400 }
const malformed = { name: 'StoreError', code: 'MalformedTrailerError', status: 400 }
const mismatch = { name: 'StoreError', code: 'SignatureDoesNotMatch', status: 403 }

describe('an unsigned body', () => {
  test('yields its data and its trailers', async () => {
    const { data, trailers } = await decode('5\r\nhello\r\n6\r\n world\r\n0\r\nX-Amz-Checksum-CRC32: AAAA== \r\n\r\n')
    expect(data.toString()).toBe('hello world')
    expect(trailers).toEqual({ 'x-amz-checksum-crc32': 'AAAA==' })
  })

  test('has no trailers to show before its end', async () => {
    const source = new AwsChunkedSource(sourceOf(frame([text('hello')], { a: 'b' })))
    expect(await source.read(5)).toEqual(text('hello'))
    expect(source.trailers.size).toBe(0)
    expect(await source.read(5)).toHaveLength(0)
    expect(source.trailers.get('a')).toBe('b')
  })

  test.each([
    ['nothing after the last chunk', '1\r\na\r\n0\r\n'],
    ['no blank line after the trailers', '1\r\na\r\n0\r\nx:y\r\n'],
    ['more blank lines than needed', '1\r\na\r\n0\r\nx:y\n\r\n\r\n\r\n'],
    ['extensions', '1;a=b;c\r\na\r\n0;d=e\r\n\r\n'],
    ['padded and upper-case sizes', '00000001\r\na\r\n0000\r\n\r\n'],
  ])('may have %s', async (_, body) => {
    expect((await decode(body)).data.toString()).toBe('a')
  })

  test.each([
    '',
    'hello',
    '0',
    '0\r',
    '1\r\na\r\n',
    '1\r\na',
    '1\r\n',
    '2\r\na\r\n0\r\n\r\n',
    '1\r\nab\r\n0\r\n\r\n',
    '1\na\r\n0\r\n\r\n',
    '1\r\na\n0\r\n\r\n',
    '+1\r\na\r\n0\r\n\r\n',
    '-1\r\na\r\n0\r\n\r\n',
    '0x1\r\na\r\n0\r\n\r\n',
    '1 \r\na\r\n0\r\n\r\n',
    ' 1\r\na\r\n0\r\n\r\n',
    '1.0\r\na\r\n0\r\n\r\n',
    '\r\n\r\n',
    ';a=b\r\n\r\n',
    '20000000000000\r\na',
    'ffffffffffffffff\r\na',
    '10000000000000001\r\na',
    '0\r\nx:y',
    `1;${'x'.repeat(5000)}\r\na\r\n0\r\n\r\n`,
    '0'.repeat(10_000),
  ])('is incomplete as %j', async (body) => {
    await expect(decode(body)).rejects.toMatchObject(incomplete)
  })

  test.each([
    '0\r\nno colon\r\n\r\n',
    '0\r\n:value\r\n',
    '0\r\na b:c\r\n',
    '0\r\na:\x00\r\n',
    '0\r\na:1\r\nA:2\r\n',
    `0\r\n${'a:b\r\n'.repeat(9000)}`,
  ])('has malformed trailers as %j', async (body) => {
    await expect(decode(body)).rejects.toMatchObject(malformed)
  })

  test('must have the trailers that were announced', async () => {
    const options = { announced: ['X-Amz-Checksum-Crc32'] }
    await expect(decode('0\r\n\r\n', options)).rejects.toMatchObject(malformed)
    await expect(decode('0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n', options)).resolves.toBeDefined()
  })

  test('stays failed', async () => {
    const source = new AwsChunkedSource(sourceOf(text('1\r\naXX1\r\nb\r\n0\r\n\r\n')))
    await expect(source.read(10)).rejects.toMatchObject(incomplete)
    await expect(source.read(10)).rejects.toMatchObject(incomplete)
  })

  test('may have a chunk much larger than what is buffered', async () => {
    const chunk = new Uint8Array(3_000_000).map((_, i) => i * 7)
    const { data } = await decode(frame([chunk, text('end')]), {}, 1024 * 1024)
    expect(hash(data)).toBe(hash(Buffer.concat([chunk, text('end')])))
  })
})

// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html
describe('the documented examples', () => {
  const a = (count: number) => 'a'.repeat(count)

  test('of signed chunks verify', async () => {
    const body =
      `10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n${a(65_536)}\r\n` +
      `400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n${a(1024)}\r\n` +
      '0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n'
    const signatures = verifier(false, '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9')
    expect((await decode(body, { signatures })).data.toString()).toBe(a(66_560))
  })

  test('of signed chunks with a trailer verify', async () => {
    const body =
      `10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n${a(65_536)}\r\n` +
      `400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n${a(1024)}\r\n` +
      '0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n' +
      'x-amz-checksum-crc32c:sOO8/Q==\r\n' +
      'x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n'
    const signatures = verifier(true, '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e')
    expect((await decode(body, { signatures })).trailers).toEqual({ 'x-amz-checksum-crc32c': 'sOO8/Q==' })
  })
})

describe('a signed body', () => {
  const chunks = [text('hello'), text(' world')]
  const trailers = { 'x-amz-checksum-crc32': 'AAAA' }

  test('yields its data and trailers once they are verified', async () => {
    expect((await decode(frameSigned(chunks), { signatures: verifier(false) })).data.toString()).toBe('hello world')
    const decoded = await decode(frameSigned(chunks, trailers), { signatures: verifier(true) })
    expect(decoded.trailers).toEqual(trailers)
  })

  test.each([
    ['data', 'hello', 'hellO'],
    ['data of a later chunk', ' world', ' w0rld'],
    ['a trailer', 'AAAA', 'AAAB'],
    ['a trailer name', 'crc32:', 'crc33:'],
    ['a chunk signature', 'chunk-signature=', 'chunk-signature=0'],
    ['a missing chunk signature', 'chunk-signature=', 'other='],
    ['the trailer signature', 'x-amz-trailer-signature:', 'x-amz-trailer-signature:0'],
  ])('is refused when %s is tampered with', async (_, from, to) => {
    const body = Buffer.from(frameSigned(chunks, trailers)).toString('latin1')
    expect(body).toContain(from)
    await expect(decode(body.replace(from, to), { signatures: verifier(true) })).rejects.toMatchObject(mismatch)
  })

  test('is refused when its chunks are swapped or dropped', async () => {
    const [first, second, ...rest] = Buffer.from(frameSigned([text('aaaa'), text('bbbb')]))
      .toString('latin1')
      .split(/(?<=aaaa\r\n|bbbb\r\n)/)
    const options = () => ({ signatures: verifier(false) })
    await expect(decode([second, first, ...rest].join(''), options())).rejects.toMatchObject(mismatch)
    await expect(decode([first, ...rest].join(''), options())).rejects.toMatchObject(mismatch)
    await expect(decode([first, second].join(''), options())).rejects.toMatchObject(incomplete)
  })

  test('that is wrong fails behind the last byte of the wrong chunk, and stays failed', async () => {
    const body = Buffer.from(frameSigned(chunks)).toString('latin1').replace(' world', ' w0rld')
    const source = new AwsChunkedSource(sourceOf(text(body)), { signatures: verifier(false) })
    expect(await source.read(5)).toEqual(text('hello'))
    expect(await source.read(6)).toEqual(text(' w0rld'))
    await expect(source.read(1)).rejects.toMatchObject(mismatch)
    await expect(source.read(1)).rejects.toMatchObject(mismatch)
  })

  test('must sign its trailers, and has none that are not announced by its form', async () => {
    await expect(decode(frameSigned(chunks), { signatures: verifier(true) })).rejects.toMatchObject(malformed)
    const unsignedTrailer = `${Buffer.from(frameSigned(chunks)).toString('latin1').slice(0, -2)}x:y\r\n\r\n`
    await expect(decode(unsignedTrailer, { signatures: verifier(true) })).rejects.toMatchObject(malformed)
    await expect(decode(unsignedTrailer, { signatures: verifier(false) })).rejects.toMatchObject(malformed)
  })

  test('is never asked for more than what is read at once, however large its chunks say they are', async () => {
    const asked: number[] = []
    const header = text(`ffffffffff;chunk-signature=${'0'.repeat(64)}\r\n`)
    const inner: ByteSource = {
      read: async (size) => {
        asked.push(size)
        return asked.length === 1 ? header : new Uint8Array(0)
      },
      cancel: async () => {},
    }
    await expect(new AwsChunkedSource(inner, { signatures: verifier(false) }).read(1000)).rejects.toMatchObject(incomplete)
    expect(Math.max(...asked)).toBeLessThanOrEqual(512 * 1024)
  })

  test('may have chunks larger than what is read at once', async () => {
    const big = [new Uint8Array(1_200_000).fill(1), new Uint8Array(1_200_000).fill(2), new Uint8Array(600_000).fill(3)]
    const { data } = await decode(frameSigned(big), { signatures: verifier(false) }, 700_000)
    expect(hash(data)).toBe(hash(Buffer.concat(big)))
  })
})

describe('any body', () => {
  const chunkArrays = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 12 })
  const readSizes = fc.integer({ min: 1, max: 700 })

  test('framed in unsigned chunks is decoded, read in pieces of any size', async () => {
    await fc.assert(
      fc.asyncProperty(chunkArrays, readSizes, async (chunks, readSize) => {
        const { data, trailers } = await decode(frame(chunks, { a: 'b' }), {}, readSize)
        expect(Buffer.compare(data, Buffer.concat(chunks))).toBe(0)
        expect(trailers).toEqual({ a: 'b' })
      }),
      { numRuns: 60 },
    )
  })

  test('framed in signed chunks is decoded, read in pieces of any size', async () => {
    await fc.assert(
      fc.asyncProperty(chunkArrays, readSizes, async (chunks, readSize) => {
        const { data } = await decode(frameSigned(chunks, { a: 'b' }), { signatures: verifier(true) }, readSize)
        expect(Buffer.compare(data, Buffer.concat(chunks))).toBe(0)
      }),
      { numRuns: 60 },
    )
  })

  test('is decoded or refused with a StoreError when one of its signed bytes is flipped, and never yields other data', async () => {
    await fc.assert(
      fc.asyncProperty(chunkArrays, fc.nat(), fc.integer({ min: 1, max: 255 }), async (chunks, at, flip) => {
        const body = frameSigned(chunks, { a: 'b' })
        body[at % body.length] = (body[at % body.length] ?? 0) ^ flip
        const decoded = await decode(body, { signatures: verifier(true) }).catch((error) => error)
        if (decoded instanceof Error) expect(decoded.name).toBe('StoreError')
        else expect(Buffer.compare(decoded.data, Buffer.concat(chunks))).toBe(0)
      }),
      { numRuns: 100 },
    )
  })

  test('cut anywhere before its last chunk is incomplete', async () => {
    await fc.assert(
      fc.asyncProperty(chunkArrays, fc.nat(), async (chunks, at) => {
        const body = frame(chunks)
        const cut = body.subarray(0, at % (body.length - 2))
        await expect(decode(cut)).rejects.toMatchObject(incomplete)
      }),
      { numRuns: 60 },
    )
  })
})
