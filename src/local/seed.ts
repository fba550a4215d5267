import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { request } from 'node:http'
import { join, relative, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createBucket, type RestClient } from './prepare.ts'

/** The content types of files that tests serve. Other files are bytes. */
const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css',
  csv: 'text/csv',
  gif: 'image/gif',
  html: 'text/html',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  js: 'text/javascript',
  json: 'application/json',
  md: 'text/markdown',
  mp4: 'video/mp4',
  pdf: 'application/pdf',
  png: 'image/png',
  svg: 'image/svg+xml',
  txt: 'text/plain',
  webp: 'image/webp',
  xml: 'application/xml',
}

/**
 * Uploads a folder. Each folder in it is a bucket, and the files below are its objects.
 * @throws Error when the folder cannot be read, or holds a file beside the buckets
 */
export async function seedFolder(rest: RestClient, folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(({ message }: Error) => {
    throw new Error(`The seed folder cannot be read: ${message}`)
  })
  const file = entries.find((entry) => !entry.isDirectory())
  if (file) throw new Error(`${join(folder, file.name)} is in no bucket: a seed has a folder for each bucket.`)
  for (const { name } of entries) await seedBucket(rest, name, join(folder, name))
}

async function seedBucket(rest: RestClient, bucket: string, folder: string): Promise<void> {
  await createBucket(rest, { name: bucket })
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  for (const entry of entries.filter((each) => each.isFile())) {
    const path = join(entry.parentPath, entry.name)
    await upload(rest, { bucket, key: relative(folder, path).split(sep).join('/') }, path)
  }
}

async function upload(rest: RestClient, { bucket, key }: { bucket: string; key: string }, path: string): Promise<void> {
  const { size } = await stat(path)
  const type = TYPES[key.slice(key.lastIndexOf('.') + 1).toLowerCase()] ?? 'application/octet-stream'
  const url = `${rest.baseUrl}/accounts/${rest.place.accountId}/r2/buckets/${bucket}/objects/${encodeURIComponent(key)}`
  const headers = { authorization: `Bearer ${rest.token}`, 'content-type': type, 'content-length': size }
  const outgoing = request(url, { method: 'PUT', headers })
  const answered = new Promise<{ status: number; text: string }>((resolve, reject) => {
    outgoing.on('error', reject).on('response', async (incoming) => {
      resolve({ status: incoming.statusCode!, text: Buffer.concat(await incoming.toArray()).toString() })
    })
  })
  const [{ status, text }] = await Promise.all([answered, pipeline(createReadStream(path), outgoing)])
  if (status !== 200) throw new Error(`${path} could not be uploaded: ${text}`)
}
