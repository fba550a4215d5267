import { expect, test } from 'vitest'
import { authenticate } from '../../src/auth/authenticate.ts'
import { ROOT, signedRequest } from '../support/s3.ts'

// A signature over one copy source must not pass for another one.

const options = {
  now: Date.now(),
  strict: false,
  findSecret: async () => ({
    secretAccessKey: ROOT.secretAccessKey,
    token: { id: ROOT.accessKeyId, name: 'root', policies: [], root: true as const },
  }),
}

const signed = (source: string, headers: Record<string, string> = {}) =>
  signedRequest('PUT', '/photos/copy', { headers: { 'x-amz-copy-source': source, ...headers } })

test.each(['/photos/a, b', '/photos/a,  b'])('18: "/photos/a,b" was signed and %j is sent', async (source) => {
  const request = await signed('/photos/a,b')
  const headers = new Headers(request.headers)
  headers.set('x-amz-copy-source', source)
  await expect(authenticate(new Request(request, { headers }), options)).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' })
})

test('a source with a comma verifies as it was signed, beside a header that was sent twice', async () => {
  await expect(authenticate(await signed('/photos/a, b'), options)).resolves.toMatchObject({ presigned: false })
  const request = await signed('/photos/a, b', { 'x-amz-meta-twice': '1,2' })
  const headers = new Headers(request.headers)
  headers.delete('x-amz-meta-twice')
  for (const value of ['1', '2']) headers.append('x-amz-meta-twice', value)
  await expect(authenticate(new Request(request, { headers }), options)).resolves.toMatchObject({ presigned: false })
})
