import { beforeAll, describe, expect, test } from 'vitest'
import { type Attack, attack, type Ground, prepare } from './support.ts'

// A value that is sent to be checked is checked or refused.

let ground: Ground
beforeAll(async () => {
  ground = await prepare()
})

const RIGHT = 'NhCmhg==' // The CRC32 of `hello`.
const WRONG = 'AAAAAA=='

const put = (trailers: readonly string[], headers: Record<string, string> = {}): Attack => ({
  method: 'PUT',
  path: `/${ground.mine}/claimed`,
  headers: { 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER', 'x-amz-decoded-content-length': '5', ...headers },
  body: `5\r\nhello\r\n0\r\n${trailers.map((trailer) => `${trailer}\r\n`).join('')}\r\n`,
})
const stored = async () => (await attack(ground, { method: 'HEAD', path: `/${ground.mine}/claimed` })).status === 200
const announced = { 'x-amz-trailer': 'x-amz-checksum-crc32' }

describe('F5: a trailer', () => {
  test.each([
    ['that was not announced, and is wrong', [`x-amz-checksum-crc32:${WRONG}`], {}],
    ['that was not announced, and is right', [`x-amz-checksum-crc32:${RIGHT}`], {}],
    ['that was not announced, of an algorithm nobody knows', ['x-amz-checksum-md4:AAAA'], {}],
    ['beside the announced one', [`x-amz-checksum-crc32:${RIGHT}`, 'x-amz-checksum-sha1:AAAAAAAAAAAAAAAAAAAAAAAAAAA='], announced],
    ['of another kind beside the announced one', [`x-amz-checksum-crc32:${RIGHT}`, 'content-md5:AAAAAAAAAAAAAAAAAAAAAA=='], announced],
    ['that is not announced beside a checksum in a header', [`x-amz-checksum-crc32:${WRONG}`], { 'x-amz-checksum-crc32': RIGHT }],
    ['that signs a body whose signature covers nothing', [`x-amz-checksum-crc32:${RIGHT}`, 'x-amz-trailer-signature:00'], announced],
  ])('%s is refused, and nothing is stored', async (_, trailers, headers) => {
    expect(await attack(ground, put(trailers, headers))).toMatchObject({ status: 400, code: 'MalformedTrailerError' })
    expect(await stored()).toBe(false)
  })

  test('that was announced is compared', async () => {
    expect(await attack(ground, put([`x-amz-checksum-crc32:${WRONG}`], announced))).toMatchObject({ code: 'BadDigest' })
    expect(await stored()).toBe(false)
    expect((await attack(ground, put([`x-amz-checksum-crc32:${RIGHT}`], announced))).status).toBe(200)
    expect(await stored()).toBe(true)
  })

  test('that says nothing of the bytes is passed over', async () => {
    expect((await attack(ground, put(['x-note:hello']))).status).toBe(200)
  })
})
