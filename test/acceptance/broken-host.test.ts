import { describe, expect, test } from 'vitest'
import { refusal, send } from './support/wire.ts'

// Host headers that are no host names, as no client sends them: each face refuses them in its own form.

const BROKEN = ['photos.127.0.0.1', 'a%20b', 'x:99999', 'x:port', '[::1', 'a^b', '1.2.3.4.5']

describe.each(BROKEN)('Host: %s', (host) => {
  test('is a 400 as XML on the S3 face', async () => {
    for (const target of ['/photos/a', '/', '/photos?list-type=2']) {
      const answer = await send(target, { headers: { host } })
      expect([answer.status, answer.headers['content-type']]).toEqual([400, 'application/xml'])
      expect(refusal(answer)).toEqual([400, 'BadRequest', 'The Host header is not a valid host name'])
      expect(answer.headers['x-amz-request-id']).toMatch(/^[0-9A-F]{16}$/)
    }
  })

  test('is a 400 as JSON on the REST and admin faces', async () => {
    const rest = await send('/client/v4/user/tokens/verify', { headers: { host, authorization: 'Bearer x' } })
    expect([rest.status, JSON.parse(rest.text)]).toMatchObject([400, { success: false, errors: [{ code: 10029 }] }])
    const admin = await send('/_cairn/fsck', { method: 'POST', headers: { host }, body: '{}' })
    expect([admin.status, JSON.parse(admin.text)]).toMatchObject([400, { error: { code: 'BadRequest' } }])
  })

  test('is a page on the public face', async () => {
    const answer = await send('/_public/x/a', { headers: { host } })
    expect([answer.status, answer.headers['content-type']]).toEqual([400, 'text/html; charset=utf-8'])
  })
})
