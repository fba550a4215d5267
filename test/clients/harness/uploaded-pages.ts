import { AwsClient } from 'aws4fetch'
import type { Page } from 'playwright-core'
import type { Chromium } from './chromium.ts'
import type { Place } from './client.ts'
import { expectEqual, expectTrue } from './scenarios/scenario.ts'

/** Tries what a page of the API's own origin could do, and notes what came of it. */
const ATTEMPTS = `
  const attempt = async (work) => { try { return String(await work()) } catch (error) { return error.name } }
  globalThis.attempts = Promise.all([
    attempt(() => localStorage.length),
    attempt(() => document.cookie),
    attempt(() => navigator.serviceWorker.register(location.href)),
    attempt(() => fetch('/client/v4/openapi.json').then(({ status }) => status)),
  ])`
const SCRIPT = `<script><![CDATA[${ATTEMPTS}]]></script>`
const HTML = `<!DOCTYPE html><title>A report</title><p>Hello</p><script>${ATTEMPTS}</script>`
const XHTML = `<html xmlns="http://www.w3.org/1999/xhtml"><body><p>Hello</p>${SCRIPT}</body></html>`
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10">${SCRIPT}</svg>`

/** Documents that hold a script, by their content type. */
const ACTIVE: readonly (readonly [contentType: string, body: string])[] = [
  ['text/html', HTML],
  ['text/html; charset=utf-8', HTML],
  ['image/png, text/html', HTML],
  ['application/xhtml+xml', XHTML],
  ['application/xml', XHTML],
  ['image/svg+xml', SVG],
]

/** Types of which a browser runs nothing, whatever the bytes are: it would have guessed the last three without being told not to. */
const QUIET = ['text/plain', 'application/json', 'application/octet-stream', 'image/png', 'unknown/unknown', '*/*', 'nonsense']

/**
 * Somebody uploads a page and has it opened from the API's host, by a presigned URL (in both styles of address) or in a public bucket: it may
 * run, but in an origin of its own that can do nothing.
 */
export async function uploadedPages(browser: Chromium, place: Place, site: string): Promise<void> {
  const { page } = await browser.site()
  const bucketHost = place.endpoint.replace('//127.0.0.1', '//localhost').replace('//', `//${place.bucket}.`)
  for (const [i, [contentType, body]] of ACTIVE.entries()) {
    const key = `active-${i}`
    await place.reader.write({ bucket: place.bucket, key }, Buffer.from(body), { 'content-type': contentType })
    const urls = [
      await presigned(place, `${place.endpoint}/${place.bucket}/${key}`),
      await presigned(place, `${bucketHost}/${key}`),
      `${site}/${key}`,
    ]
    for (const url of urls) {
      await page.goto(url)
      const what = `${contentType} at ${url.split('?')[0]}`
      expectEqual(await page.evaluate(() => self.origin), 'null', `the origin of ${what}`)
      expectEqual(await attemptsOf(page), ['SecurityError', 'SecurityError', 'SecurityError', 'TypeError'], `what it could do: ${what}`)
    }
  }
  for (const [i, contentType] of QUIET.entries()) {
    await place.reader.write({ bucket: place.bucket, key: `quiet-${i}` }, Buffer.from(HTML), { 'content-type': contentType })
    // Some are offered to be saved, which ends the navigation.
    await page.goto(await presigned(place, `${place.endpoint}/${place.bucket}/quiet-${i}`)).catch(() => {})
    expectEqual(await attemptsOf(page).catch(() => undefined), undefined, `nothing runs as ${contentType}`)
    await page.goto('about:blank')
  }
}

/** A browser still shows what it showed: images and sound, as documents of their own and in pages of other origins, whatever they are called. */
export async function uploadedMedia(browser: Chromium, place: Place, { png, wav }: { png: Buffer; wav: Buffer }): Promise<void> {
  const { page } = await browser.site()
  const url = async (key: string, body: Buffer, contentType: string) => {
    await place.reader.write({ bucket: place.bucket, key }, body, { 'content-type': contentType })
    return presigned(place, `${place.endpoint}/${place.bucket}/${key}`)
  }
  const shown = (src: string) =>
    page.evaluate(async (from) => {
      const image = Object.assign(new Image(), { src: from })
      await image.decode()
      return image.naturalWidth
    }, src)
  const image = await url('shown.png', png, 'image/png')
  expectEqual(await shown(image), 1, 'the width of an image')
  expectEqual(await shown(await url('untyped', png, 'application/octet-stream')), 1, 'the width of an image without a type')
  expectEqual(await shown(await url('shown.svg', Buffer.from(SVG), 'image/svg+xml')), 20, 'the width of a drawing')
  const seconds = await page.evaluate(
    async (src) => {
      const audio = Object.assign(new Audio(), { src })
      await new Promise((resolve, reject) => {
        audio.onloadedmetadata = resolve
        audio.onerror = () => reject(new Error(audio.error?.message))
      })
      return Math.round(audio.duration)
    },
    await url('shown.wav', wav, 'audio/wav'),
  )
  expectTrue(seconds > 0, 'sound')
  await page.goto(image)
  expectEqual(await page.evaluate(() => document.images[0]?.naturalWidth), 1, 'an image as a document')
}

const attemptsOf = (page: Page): Promise<string[] | undefined> =>
  page.evaluate(() => (globalThis as unknown as { attempts?: Promise<string[]> }).attempts)

async function presigned({ accessKeyId, secretAccessKey }: Place, url: string): Promise<string> {
  const aws = new AwsClient({ accessKeyId, secretAccessKey, service: 's3', region: 'auto' })
  return (await aws.sign(`${url}?X-Amz-Expires=600`, { method: 'GET', aws: { signQuery: true } })).url
}
