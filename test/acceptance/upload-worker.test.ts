import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { homeOf, temporaryFolder } from './support/server.ts'

// the example of the README, started as a reader would start it, and used as its page uses it.

const READY = /upload-worker is ready on (http\S+)/
const PART = 5 * 1024 * 1024

let folder: string
let child: ChildProcess
let endpoint: string

beforeAll(async () => {
  folder = await temporaryFolder()
  child = spawn(process.execPath, ['test/acceptance/support/leash.ts'], {
    detached: true, // Its own process group, so that it can end as one.
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...homeOf(folder), SERVER_DOOR: 'example' },
  })
  endpoint = await readyEndpoint(child)
})
afterAll(async () => {
  if (child.exitCode === null) {
    const exit = once(child, 'exit')
    child.stdin!.end()
    await exit
  }
  await rm(folder, { recursive: true, force: true })
})

function readyEndpoint({ stdout, stderr }: ChildProcess): Promise<string> {
  let output = ''
  return new Promise((resolve, reject) => {
    for (const stream of [stdout!, stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
        const ready = READY.exec(output)?.[1]
        if (ready) resolve(ready)
      })
    }
    child.once('exit', (code) => reject(new Error(`The example ended with code ${code}:\n${output}`)))
  })
}

const file = (key: string, init?: RequestInit, query = '') => fetch(`${endpoint}/files/${encodeURIComponent(key)}${query}`, init)

describe('the example', () => {
  test('has a page to upload from', async () => {
    const response = await fetch(endpoint)
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(await response.text()).toContain('<input type="file"')
  })

  test('uploads and downloads', async () => {
    const put = await file('hello.txt', { method: 'PUT', body: 'hello world', headers: { 'content-type': 'text/plain' } })
    expect(await put.json()).toEqual({ key: 'hello.txt', etag: '5eb63bbbe01eeed093cb22bb8f5acdc3', size: 11 })
    const got = await file('hello.txt')
    expect([got.status, got.headers.get('content-type'), await got.text()]).toEqual([200, 'text/plain', 'hello world'])
    expect((await file('missing')).status).toBe(404)
  })

  test('downloads a range', async () => {
    await file('range', { method: 'PUT', body: '0123456789' })
    const got = await file('range', { headers: { range: 'bytes=2-5' } })
    expect([got.status, got.headers.get('content-range'), await got.text()]).toEqual([206, 'bytes 2-5/10', '2345'])
  })

  test('answers conditional requests', async () => {
    await file('condition', { method: 'PUT', body: 'x' })
    const etag = (await file('condition', { method: 'HEAD' })).headers.get('etag')!
    expect((await file('condition', { headers: { 'if-none-match': etag } })).status).toBe(304)
    expect((await file('condition', { headers: { 'if-match': '"other"' } })).status).toBe(412)
    expect((await file('condition', { headers: { 'if-match': etag } })).status).toBe(200)
    expect((await file('condition', { method: 'PUT', body: 'y', headers: { 'if-none-match': '*' } })).status).toBe(412)
  })

  test('uploads in parts, as its page does', async () => {
    const json = async <T>(response: Promise<Response>) => (await (await response).json()) as T
    const create = file('large.bin', { method: 'POST', headers: { 'content-type': 'image/png' } }, '?action=create')
    const { uploadId } = await json<{ uploadId: string }>(create)
    const bodies = [new Uint8Array(PART).fill(1), new Uint8Array(100).fill(2)]
    const parts = await Promise.all(
      bodies.map((body, index) =>
        json(file('large.bin', { method: 'PUT', body }, `?action=part&uploadId=${uploadId}&partNumber=${index + 1}`)),
      ),
    )
    const complete = file('large.bin', { method: 'POST', body: JSON.stringify(parts) }, `?action=complete&uploadId=${uploadId}`)
    expect(await json(complete)).toMatchObject({ key: 'large.bin', size: PART + 100 })
    const got = await file('large.bin', { headers: { range: 'bytes=-101' } })
    expect(got.headers.get('content-type')).toBe('image/png')
    expect([...new Uint8Array(await got.arrayBuffer())]).toEqual([1, ...Array(100).fill(2)])
  })

  test('tells what went wrong with R2’s words', async () => {
    const aborted = await file('x', { method: 'DELETE' }, '?action=abort&uploadId=never')
    expect([aborted.status, await aborted.text()]).toEqual([
      400,
      'abortMultipartUpload: We encountered an internal error. Please try again. (10001)\n',
    ])
  })

  test('lists and deletes', async () => {
    await file('list/a', { method: 'PUT', body: 'a' })
    await file('list/b', { method: 'PUT', body: 'b' })
    const keys = async () => {
      const { objects } = (await (await fetch(`${endpoint}/files?prefix=list/`)).json()) as { objects: { key: string }[] }
      return objects.map(({ key }) => key)
    }
    expect(await keys()).toEqual(['list/a', 'list/b'])
    expect((await file('list/a', { method: 'DELETE' })).status).toBe(204)
    expect(await keys()).toEqual(['list/b'])
  })
})
