import { createHmac } from 'node:crypto'
import { ROOT } from './s3.ts'

const hmac = (key: string | Uint8Array, text: string) => createHmac('sha256', key).update(text).digest()

/** An upload form that the root token signed, as a browser sends it. */
export function formRequest(bucket: string, key: string, file: Uint8Array): Request {
  const amzDate = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '')
  const scope = [amzDate.slice(0, 8), 'auto', 's3', 'aws4_request']
  const fields: [string, string][] = [
    ['key', key],
    ['x-amz-algorithm', 'AWS4-HMAC-SHA256'],
    ['x-amz-credential', [ROOT.accessKeyId, ...scope].join('/')],
    ['x-amz-date', amzDate],
  ]
  const conditions = [{ bucket }, ...fields.map(([name, value]) => ({ [name]: value }))]
  const policy = btoa(JSON.stringify({ expiration: new Date(Date.now() + 60_000), conditions }))
  const signature = hmac(scope.reduce<string | Uint8Array>(hmac, `AWS4${ROOT.secretAccessKey}`), policy).toString('hex')
  const head = [...fields, ['policy', policy], ['x-amz-signature', signature], ['file', '']].map(
    ([name, value]) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}`,
  )
  const body = Buffer.concat([Buffer.from(head.join('\r\n')), file, Buffer.from('\r\n--b--\r\n')])
  const headers = { 'content-type': 'multipart/form-data; boundary=b', 'content-length': String(body.length) }
  return new Request(`http://localhost/${bucket}`, { method: 'POST', headers, body })
}
