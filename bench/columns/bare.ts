import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Spawned } from './column.ts'
import { wranglerDev } from './wrangler.ts'

// Workers that do nothing. They show how fast a row could be at most, and whether the load generator can reach that speed.

const WORKER = `
const MIB = new Uint8Array(1024 * 1024)
export default {
  async fetch(request) {
    if (request.method === 'PUT') {
      const reader = request.body?.getReader({ mode: 'byob' })
      for (let buffer = new ArrayBuffer(1024 * 1024); reader; ) {
        const { done, value } = await reader.readAtLeast(buffer.byteLength, new Uint8Array(buffer))
        if (done) break
        buffer = value.buffer
      }
      return new Response(null)
    }
    const size = Number(new URL(request.url).searchParams.get('bytes') ?? 0)
    if (size <= MIB.length) return new Response(MIB.subarray(0, size))
    const { readable, writable } = new FixedLengthStream(size)
    const pump = async () => {
      const writer = writable.getWriter()
      for (let left = size; left > 0; left -= MIB.length) await writer.write(MIB.subarray(0, Math.min(left, MIB.length)))
      await writer.close()
    }
    pump().catch(() => {})
    return new Response(readable)
  },
}
`

export interface Bare {
  readonly port: number
  stop(): Promise<void>
}

/** Runs the Worker behind `wrangler dev`'s proxy. */
export async function bareDev(folder: string): Promise<Bare> {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'worker.js'), WORKER)
  const config = { name: 'bench-bare', main: 'worker.js', compatibility_date: '2026-11-01', send_metrics: false }
  writeFileSync(join(folder, 'wrangler.json'), JSON.stringify(config))
  const { server, port } = await wranglerDev(folder)
  return { port, stop: () => server.stop() }
}

/** Runs the Worker directly on workerd's socket, as `npm run serve` runs Cairn. */
export async function bareDirect(folder: string): Promise<Bare> {
  mkdirSync(folder, { recursive: true })
  const script = `
    const { Miniflare, convertV4MiniflareOptions } = require(${JSON.stringify(fromWrangler('miniflare'))})
    const worker = { name: 'bare', modules: true, script: ${JSON.stringify(WORKER)}, compatibilityDate: '2026-11-01', unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }] }
    const miniflare = new Miniflare(convertV4MiniflareOptions({ host: '127.0.0.1', port: 0, cf: false, workers: [worker] }))
    process.on('SIGTERM', async () => { await miniflare.dispose(); process.exit() })
    miniflare.unsafeGetDirectURL('bare').then((url) => process.send(JSON.stringify({ port: url.port })))`
  writeFileSync(join(folder, 'bare.cjs'), script)
  const server = new Spawned([join(folder, 'bare.cjs')], { cwd: folder })
  const port = await server.ready((_output, message) => (message === undefined ? undefined : Number(JSON.parse(String(message)).port)))
  return { port, stop: () => server.stop() }
}

const fromWrangler = (name: string) => createRequire(createRequire(import.meta.url).resolve('wrangler/package.json')).resolve(name)
