import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { S3Client } from '@aws-sdk/client-s3'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { AwsClient } from 'aws4fetch'
import { type Chromium, openChromium } from './harness/chromium.ts'
import type { Client, Place } from './harness/client.ts'
import { debianPackage, findByCommand, findNodePackage } from './harness/install.ts'
import { expectBytes, expectEqual, expectTrue } from './harness/scenarios/scenario.ts'
import { uploadedMedia, uploadedPages } from './harness/uploaded-pages.ts'

/** Pages hold no keys: a server presigns for them, and public buckets need none. What a page may do is up to the bucket's CORS rules. */
export const client: Client = {
  name: 'Chromium',
  install: [debianPackage('chromium')],
  async find() {
    const driver = await findNodePackage('playwright-core')
    return 'missing' in driver ? driver : findByCommand(['chromium', '--version'])
  },
  runs: {
    presigned: (place) => inBrowser(place, presigned),
    forms: (place) => inBrowser(place, forms),
    ranges: (place) => inBrowser(place, ranges),
  },
  own: {
    title:
      'CORS: refused origins and headers, credentials, preflights kept for their time; images and seeking video of a public bucket; uploaded pages have no origin',
    run: (place) =>
      inBrowser(place, async (browser) => {
        await refusals(browser, place)
        await preflightsAreKept(browser, place)
        await publicImages(browser, place)
        await publicVideo(browser, place)
        await uploadedMedia(browser, place, { png: Buffer.from(PNG, 'base64'), wav: silence() })
        await uploadedPages(browser, place, await managedPath(place))
      }),
  },
  cannot: { rest: 'a page holds no keys: it has presigned URLs and public buckets' },
  languages: { html: runPage },
  snippetLeft: async ({ reader }) => {
    expectEqual((await reader.read({ bucket: 'photos', key: 'hello.txt' })).toString(), 'Hello from a page', 'what the page stored')
  },
}

async function inBrowser(place: Place, work: (browser: Chromium, place: Place) => Promise<void>): Promise<void> {
  const browser = await openChromium(place)
  try {
    await work(browser, place)
  } finally {
    await browser.close()
  }
}

/** The page of docs/reference/clients.md, with the server behind it that gives it the URL. */
async function runPage(file: string, place: Place): Promise<void> {
  const url = join(place.folder, 'upload-url.txt')
  expectTrue(existsSync(url), 'the server has left an URL')
  await inBrowser(place, async (browser) => {
    const { page } = await browser.site(readFileSync(file, 'utf8'), { '/upload-url.txt': readFileSync(url, 'utf8') })
    await page.waitForFunction(() => document.title !== '')
    expectTrue(/^stored as "[0-9a-f]{32}"$/.test(await page.title()), `the title of the page: ${await page.title()}`)
  })
}

/** A recording is made in the page, uploaded and played back: both through presigned URLs. */
async function presigned(browser: Chromium, place: Place): Promise<void> {
  const { origin, page } = await browser.site()
  await allow(place, [{ origins: [origin], methods: ['GET', 'PUT'], headers: ['content-type'], exposeHeaders: ['ETag'] }])
  const [put, get] = [await presign(place, 'PUT', 'a b/ü.webm'), await presign(place, 'GET', 'a b/ü.webm')]
  const uploaded = await page.evaluate(async (url) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 240 })
    const context = canvas.getContext('2d')!
    const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: 'video/webm' })
    const pieces: Blob[] = []
    recorder.ondataavailable = ({ data }) => pieces.push(data)
    const stopped = new Promise((resolve) => {
      recorder.onstop = resolve
    })
    recorder.start()
    for (let frame = 0; frame < 50; frame++) {
      context.fillStyle = '#ff0000'
      context.fillRect(0, 0, 320, 240)
      context.fillStyle = '#ffffff'
      context.fillRect(frame, 0, 5, 5)
      await new Promise((resolve) => setTimeout(resolve, 40))
    }
    recorder.stop()
    await stopped
    const response = await fetch(url, { method: 'PUT', body: new Blob(pieces), headers: { 'content-type': 'video/webm' } })
    return { status: response.status, etag: response.headers.get('etag'), size: new Blob(pieces).size }
  }, put)
  const head = await place.reader.head({ bucket: place.bucket, key: 'a b/ü.webm' })
  expectEqual(
    [uploaded.status, uploaded.etag, String(uploaded.size), 'video/webm'],
    [200, head?.etag, head?.['content-length'], head?.['content-type']],
    'the upload',
  )
  place.wire.forget()
  const played = await page.evaluate(async (url) => {
    const video = Object.assign(document.createElement('video'), { crossOrigin: 'anonymous', muted: true, src: url })
    await new Promise((resolve, reject) => {
      video.onloadeddata = resolve
      video.onerror = () => reject(new Error(video.error?.message))
    })
    await video.play()
    await new Promise((resolve) => {
      video.ontimeupdate = () => video.currentTime > 0.2 && resolve(null)
    })
    const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 240 })
    const context = canvas.getContext('2d')!
    context.drawImage(video, 0, 0)
    // Only what came with CORS may be read.
    const [red = 0, green = 255] = context.getImageData(160, 200, 1, 1).data
    return { width: video.videoWidth, height: video.videoHeight, isRed: red > 200 && green < 60 }
  }, get)
  expectEqual(played, { width: 320, height: 240, isRed: true }, 'the recording, played')
  expectTrue(
    place.wire.sent.some(({ method, headers }) => method === 'GET' && headers.range === 'bytes=0-'),
    'a video is asked for in ranges',
  )
}

/** A plain form on a page of another origin, and a script that sends the same fields and reads the answer. */
async function forms(browser: Chromium, place: Place): Promise<void> {
  const done = await browser.site()
  const { url, fields } = await createPresignedPost(postSigner(place), {
    Bucket: place.bucket,
    Key: `forms/\${filename}`,
    Conditions: [
      ['content-length-range', 1, 5_000_000],
      ['starts-with', '$Content-Type', 'image/'],
      ['starts-with', '$success_action_redirect', done.origin],
    ],
  })
  const hidden = Object.entries({ ...fields, 'Content-Type': 'image/png', success_action_redirect: `${done.origin}/` })
  const inputs = hidden.map(([name, value]) => `<input type="hidden" name="${name}" value="${value.replaceAll('"', '&quot;')}">`)
  const { page, origin } = await browser.site(
    `<!DOCTYPE html><form action="${url}" method="post" accept-charset="utf-8" enctype="multipart/form-data">${inputs.join('')}<input type="file" name="file"><input type="submit" name="submit" value="Upload"></form>`,
  )
  expectTrue(origin !== new URL(url).origin && origin !== done.origin, 'the page is of another origin')
  const small = Buffer.from(PNG, 'base64')
  await page.setInputFiles('input[type=file]', { name: 'ü "a".png', mimeType: 'image/png', buffer: small })
  await Promise.all([page.waitForURL(`${done.origin}/**`), page.click('input[type=submit]')])
  const result = new URL(page.url()).searchParams
  const head = await place.reader.head({ bucket: place.bucket, key: result.get('key')! })
  expectEqual([result.get('bucket'), result.get('key')], [place.bucket, 'forms/ü "a".png'], 'the redirect names the object')
  expectEqual([result.get('etag'), 'image/png'], [head?.etag, head?.['content-type']], 'the redirect names the ETag')
  expectBytes(await place.reader.read({ bucket: place.bucket, key: 'forms/ü "a".png' }), small, 'the file of the form')
  await scriptedForm(browser, place)
}

/** The script may read the answer only where a rule of the bucket allows POST. */
async function scriptedForm(browser: Chromium, place: Place): Promise<void> {
  const { page, origin } = await browser.site()
  const Conditions = [['starts-with', '$Content-Type', 'image/'] as ['starts-with', string, string]]
  const { url, fields } = await createPresignedPost(postSigner(place), { Bucket: place.bucket, Key: 'forms/script', Conditions })
  const send = (type: string) =>
    page.evaluate(
      async ([to, entries, typed]) => {
        const form = new FormData()
        for (const [name, value] of entries) form.append(name, value)
        form.append('Content-Type', typed)
        form.append('file', new File([new Uint8Array(3_000_000).fill(7)], 'script.png'))
        return fetch(to, { method: 'POST', body: form }).then(
          async (response) => [response.status, /<Code>(\w+)</.exec(await response.text())?.[1] ?? ''],
          (error: Error) => [error.name],
        )
      },
      [url, Object.entries(fields), type] as const,
    )
  expectEqual(await send('image/png'), ['TypeError'], 'an origin without a rule')
  await allow(place, [{ origins: [origin], methods: ['POST'] }])
  expectEqual(await send('image/png'), [204, ''], 'an origin that may POST')
  expectEqual(await send('text/html'), [403, 'AccessDenied'], 'an error that the page can read')
  expectBytes(await place.reader.read({ bucket: place.bucket, key: 'forms/script' }), Buffer.alloc(3_000_000, 7), 'the file of the script')
}

const postSigner = ({ endpoint, accessKeyId, secretAccessKey }: Place) =>
  new S3Client({ region: 'auto', endpoint, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } }) as never

async function ranges(browser: Chromium, place: Place): Promise<void> {
  const { origin, page } = await browser.site()
  await allow(place, [
    { origins: [origin], methods: ['GET'], headers: ['range'], exposeHeaders: ['Content-Range', 'Content-Length', 'ETag'] },
  ])
  for (const key of ['a', 'b']) await place.reader.write({ bucket: place.bucket, key }, Buffer.from('Hello, world'))
  const url = await presign(place, 'GET', 'a')
  const ask = (range: string, at = url) =>
    page.evaluate(
      async ([from, asked]) => {
        const response = await fetch(from!, { headers: { range: asked! } })
        const names = ['content-range', 'content-length', 'last-modified', 'accept-ranges']
        return [response.status, ...names.map((name) => response.headers.get(name)), await response.text()]
      },
      [at, range],
    )
  // Last-Modified and Content-Length may be read without rules; Accept-Ranges may not, and is not exposed.
  const modified = (await place.reader.head({ bucket: place.bucket, key: 'a' }))!['last-modified']
  expectEqual(await ask('bytes=0-4'), [206, 'bytes 0-4/12', '5', modified, null, 'Hello'], 'the first bytes')
  expectEqual(await ask('bytes=7-'), [206, 'bytes 7-11/12', '5', modified, null, 'world'], 'the rest')
  expectEqual(await ask('bytes=-5'), [206, 'bytes 7-11/12', '5', modified, null, 'world'], 'the last bytes')
  // Of an object whose size it knows, the browser would not even ask.
  const [status, , , , , error] = await ask('bytes=12-', await presign(place, 'GET', 'b'))
  expectEqual([status, /<Code>(\w+)</.exec(String(error))?.[1]], [416, 'InvalidRange'], 'an error that the page can read')
}

/** What the rules do not allow fails in the page, as the browser sees to it; the request itself may have been served. */
async function refusals(browser: Chromium, place: Place): Promise<void> {
  const [mine, other] = [await browser.site(), await browser.site()]
  await allow(place, [{ origins: [mine.origin], methods: ['GET'], headers: ['range'] }])
  await place.reader.write({ bucket: place.bucket, key: 'a' }, Buffer.from('x'))
  const [get, put] = [await presign(place, 'GET', 'a'), await presign(place, 'PUT', 'a')]
  const attempt = ({ page }: typeof mine, url: string, init: RequestInit = {}) =>
    page.evaluate(
      ([from, options]) =>
        fetch(from as string, options as RequestInit).then(
          ({ status }) => status,
          (error: Error) => error.name,
        ),
      [url, init] as const,
    )
  expectEqual(await attempt(mine, get), 200, 'the origin that is allowed')
  expectEqual(await attempt(other, get), 'TypeError', 'an origin that is not')
  expectEqual(await attempt(mine, put, { method: 'PUT', body: 'y' }), 'TypeError', 'a method that is not allowed')
  expectEqual(await attempt(mine, get, { headers: { 'x-other': '1' } }), 'TypeError', 'a header that is not allowed')
  expectEqual(await attempt(mine, get, { credentials: 'include' }), 'TypeError', 'credentials, for which R2 has no rule')
  expectBytes(await place.reader.read({ bucket: place.bucket, key: 'a' }), Buffer.from('x'), 'the object')
  await allow(place, [{ origins: ['*'], methods: ['GET', 'PUT'], headers: ['*'] }])
  expectEqual(await attempt(other, put, { method: 'PUT', body: 'y', headers: { 'x-other': '1' } }), 200, 'anybody, once * is allowed')
}

async function preflightsAreKept(browser: Chromium, place: Place): Promise<void> {
  const { page, origin } = await browser.site()
  const url = await presign(place, 'PUT', 'kept')
  const putTwice = async () => {
    place.wire.forget()
    for (let i = 0; i < 2; i++) await page.evaluate((to) => fetch(to, { method: 'PUT', body: 'x' }).then(({ status }) => status), url)
    return place.wire.sent.map(({ method }) => method)
  }
  await allow(place, [{ origins: [origin], methods: ['PUT'], maxAgeSeconds: 0 }])
  expectEqual(await putTwice(), ['OPTIONS', 'PUT', 'OPTIONS', 'PUT'], 'preflights that may not be kept')
  await allow(place, [{ origins: [origin], methods: ['PUT'], maxAgeSeconds: 600 }])
  expectEqual(await putTwice(), ['OPTIONS', 'PUT', 'PUT'], 'preflights that may be kept for ten minutes')
}

/** 1 by 1, red. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC'

/** An image is first shown without CORS and then asked for with it: what the browser kept of the first must not spoil the second. */
async function publicImages(browser: Chromium, place: Place): Promise<void> {
  const [mine, other] = [await browser.site(), await browser.site()]
  const site = await makePublic(place)
  await allow(place, [{ origins: [mine.origin], methods: ['GET'] }])
  const headers = { 'content-type': 'image/png', 'cache-control': 'max-age=600' }
  await place.reader.write({ bucket: place.bucket, key: 'red.png' }, Buffer.from(PNG, 'base64'), headers)
  const show = ({ page }: typeof mine, crossOrigin: string | null) =>
    page.evaluate(
      async ([src, mode]) => {
        const image = new Image()
        image.crossOrigin = mode!
        image.src = src!
        const shown = await image.decode().then(
          () => true,
          () => false,
        )
        if (!shown) return 'refused'
        const context = document.createElement('canvas').getContext('2d')!
        context.drawImage(image, 0, 0)
        try {
          return [...context.getImageData(0, 0, 1, 1).data].join()
        } catch {
          return 'tainted'
        }
      },
      [`${site}/red.png`, crossOrigin],
    )
  expectEqual(await show(mine, null), 'tainted', 'an image without CORS can be seen but not read')
  expectEqual(await show(mine, 'anonymous'), '255,0,0,255', 'an image with CORS')
  expectEqual(await show(other, null), 'tainted', 'an image on another origin')
  expectEqual(await show(other, 'anonymous'), 'refused', 'an image with CORS on an origin that is not allowed')
}

const SECONDS = 120
const RATE = 48_000

/** A video element on a public bucket seeks: it asks for the middle without what is before it. */
async function publicVideo(browser: Chromium, place: Place): Promise<void> {
  const { page, origin } = await browser.site()
  const site = await makePublic(place)
  await allow(place, [{ origins: [origin], methods: ['GET'] }])
  await place.reader.write({ bucket: place.bucket, key: 'tone.wav' }, silence(), { 'content-type': 'audio/wav' })
  place.wire.forget()
  const seeked = await page.evaluate(async (src) => {
    const video = Object.assign(document.createElement('video'), { crossOrigin: 'anonymous', preload: 'metadata', src })
    const event = (name: string) =>
      new Promise((resolve, reject) => {
        video.addEventListener(name, resolve, { once: true })
        video.addEventListener('error', () => reject(new Error(video.error?.message)), { once: true })
      })
    await event('loadedmetadata')
    video.currentTime = 100
    await event('seeked')
    return [Math.round(video.duration), Math.round(video.currentTime)]
  }, `${site}/tone.wav`)
  expectEqual(seeked, [SECONDS, 100], 'duration and place')
  const offsets = place.wire.sent.map(({ headers }) => Number(/^bytes=(\d+)-/.exec(headers.range ?? '')?.[1]))
  const wanted = 44 + 90 * RATE * 2
  expectTrue(
    offsets.some((offset) => offset > wanted),
    `the seek asks for bytes behind ${wanted}: ${offsets.join(', ')}`,
  )
}

/** https://datatracker.ietf.org/doc/html/rfc2361 (PCM): two minutes, one channel, 16 bits. */
function silence(): Buffer {
  const bytes = SECONDS * RATE * 2
  const wav = Buffer.alloc(44 + bytes)
  wav.write('RIFF', 0)
  wav.writeUInt32LE(36 + bytes, 4)
  wav.write('WAVEfmt ', 8)
  wav.writeUInt32LE(16, 16)
  wav.writeUInt16LE(1, 20)
  wav.writeUInt16LE(1, 22)
  wav.writeUInt32LE(RATE, 24)
  wav.writeUInt32LE(RATE * 2, 28)
  wav.writeUInt16LE(2, 32)
  wav.writeUInt16LE(16, 34)
  wav.write('data', 36)
  wav.writeUInt32LE(bytes, 40)
  return wav
}

async function presign({ endpoint, bucket, accessKeyId, secretAccessKey }: Place, method: string, key: string): Promise<string> {
  const aws = new AwsClient({ accessKeyId, secretAccessKey, service: 's3', region: 'auto' })
  const url = `${endpoint}/${bucket}/${encodeURIComponent(key).replaceAll('%2F', '/')}?X-Amz-Expires=600`
  return (await aws.sign(url, { method, aws: { signQuery: true } })).url
}

/** The managed URL as a path of the API's host, which is all that a deployment with one host has. */
async function managedPath(place: Place): Promise<string> {
  const { bucketId } = (await configure(place, 'domains/managed', { enabled: true })) as { bucketId: string }
  return `${place.endpoint}/_public/${bucketId}`
}

interface Allowed {
  readonly origins: readonly string[]
  readonly methods: readonly string[]
  readonly headers?: readonly string[]
  readonly exposeHeaders?: readonly string[]
  readonly maxAgeSeconds?: number
}

const allow = (place: Place, rules: readonly Allowed[]): Promise<unknown> =>
  configure(place, 'cors', {
    rules: rules.map(({ origins, methods, headers, exposeHeaders, maxAgeSeconds }) => ({
      allowed: { origins, methods, headers },
      exposeHeaders,
      maxAgeSeconds,
    })),
  })

/** Switches the managed URL on, and says where it is. */
const makePublic = async (place: Place): Promise<string> =>
  `http://${((await configure(place, 'domains/managed', { enabled: true })) as { domain: string }).domain}`

async function configure({ endpoint, accountId, bucket, apiToken }: Place, what: string, body: unknown): Promise<unknown> {
  const response = await fetch(`${endpoint}/client/v4/accounts/${accountId}/r2/buckets/${bucket}/${what}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${apiToken}` },
    body: JSON.stringify(body),
  })
  const { success, errors, result } = (await response.json()) as { success: boolean; errors: unknown; result: unknown }
  expectTrue(success, `PUT ${what}: ${JSON.stringify(errors)}`)
  return result
}
