import { exports } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { signedRequest } from '../../../support/s3.ts'

const worker = (exports as unknown as { default: Fetcher }).default

const send = async (method: string, path: string, body?: string): Promise<string> => {
  const request = await signedRequest(method, path, { origin: 'http://located.localhost', body })
  return (await worker.fetch(request)).text()
}

test('under a bucket host, the location has the path form of R2 and names the bucket once', async () => {
  await send('PUT', '/')
  const uploadId = /<UploadId>(\w+)</.exec(await send('POST', '/a/b?uploads'))?.[1]
  const part = await signedRequest('PUT', `/a/b?partNumber=1&uploadId=${uploadId}`, { origin: 'http://located.localhost', body: 'x' })
  const etag = (await worker.fetch(part)).headers.get('etag')
  const parts = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part></CompleteMultipartUpload>`
  expect(await send('POST', `/a/b?uploadId=${uploadId}`, parts)).toContain('<Location>http://localhost/located/a%2Fb</Location>')
})
