// Uploads a file from a page, with a presigned URL, as an application does. CHROME names the browser, if Playwright has none of its own.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { GetObjectCommand, PutBucketCorsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { startCairn } from 'cairn/local'
import { chromium } from 'playwright-core'

const cairn = await startCairn({ buckets: ['uploads'] })
// Otherwise the client would presign the checksum of an empty body.
const s3 = new S3Client({ ...cairn.s3, requestChecksumCalculation: 'WHEN_REQUIRED' })
const at = { Bucket: 'uploads', Key: 'from-page.txt' }
await s3.send(
  new PutBucketCorsCommand({
    Bucket: 'uploads',
    CORSConfiguration: { CORSRules: [{ AllowedOrigins: ['*'], AllowedMethods: ['PUT'], AllowedHeaders: ['*'] }] },
  }),
)
const url = await getSignedUrl(s3, new PutObjectCommand(at))
const html = `<button>Upload</button><p></p><script>
  document.querySelector('button').onclick = async () => {
    const answer = await fetch(${JSON.stringify(url)}, { method: 'PUT', body: 'from the page' })
    document.querySelector('p').textContent = 'status ' + answer.status
  }
</script>`
const site = createServer((_, answer) => answer.setHeader('content-type', 'text/html').end(html)).listen(0, '127.0.0.1')
await new Promise((resolve) => site.once('listening', resolve))
const browser = await chromium.launch({ executablePath: process.env.CHROME || undefined, args: ['--no-sandbox'] })
try {
  const page = await browser.newPage()
  await page.goto(`http://127.0.0.1:${site.address().port}/`)
  await page.click('button')
  await page.waitForFunction(() => document.querySelector('p').textContent !== '')
  assert.equal(await page.textContent('p'), 'status 200')
  const { Body } = await s3.send(new GetObjectCommand(at))
  assert.equal(await Body.transformToString(), 'from the page')
  console.log('The page uploaded its file.')
} finally {
  await browser.close()
  site.close()
  await cairn.stop()
}
