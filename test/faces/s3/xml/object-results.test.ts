import { expect, test } from 'vitest'
import { renderCopyObjectResult, renderCopyPartResult } from '../../../../src/faces/s3/xml/copy-results.ts'
import { renderCompleteMultipartUploadResult, renderInitiateMultipartUploadResult } from '../../../../src/faces/s3/xml/multipart-results.ts'

const start = (root: string) => `<?xml version="1.0" encoding="UTF-8"?><${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`
const copied = { etag: 'e', uploadedMs: Date.parse('2026-06-11T10:20:30.100Z') }

test('copies print the ETag, then the time', () => {
  const fields = '<ETag>&quot;e&quot;</ETag><LastModified>2026-06-11T10:20:30.100Z</LastModified>'
  expect(renderCopyObjectResult(copied)).toBe(`${start('CopyObjectResult')}${fields}</CopyObjectResult>`)
  expect(renderCopyPartResult(copied)).toBe(`${start('CopyPartResult')}${fields}</CopyPartResult>`)
})

test('InitiateMultipartUploadResult begins with the upload id', () => {
  expect(renderInitiateMultipartUploadResult({ bucket: 'b', key: 'k<', uploadId: 'u' })).toBe(
    `${start('InitiateMultipartUploadResult')}<UploadId>u</UploadId><Bucket>b</Bucket><Key>k&lt;</Key></InitiateMultipartUploadResult>`,
  )
})

test('CompleteMultipartUploadResult ends with the location, or with the checksum if there is one', () => {
  const upload = { bucket: 'b', key: 'mp/obj.bin', etag: 'e-2', location: 'https://h/b/mp%2Fobj.bin' }
  const fields = '<Bucket>b</Bucket><Key>mp/obj.bin</Key><ETag>&quot;e-2&quot;</ETag><Location>https://h/b/mp%2Fobj.bin</Location>'
  const checksum = { algorithm: 'SHA256', type: 'COMPOSITE', value: 'x-2' } as const
  const name = 'CompleteMultipartUploadResult'
  expect(renderCompleteMultipartUploadResult(upload)).toBe(`${start(name)}${fields}</${name}>`)
  expect(renderCompleteMultipartUploadResult({ ...upload, checksum })).toBe(
    `${start(name)}${fields}<ChecksumSHA256>x-2</ChecksumSHA256><ChecksumType>COMPOSITE</ChecksumType></${name}>`,
  )
})
