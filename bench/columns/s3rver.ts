import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, linkSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Column, freePort, type Running, Spawned, targetAt } from './column.ts'

const VERSION = '3.7.1'
const CREDENTIALS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' }
const SUFFIXES = ['._S3rver_object', '._S3rver_metadata.json', '._S3rver_object.md5']

/** File systems limit how many names a file can have: ext4 allows 65,000. */
const MOST_LINKS = 30_000

/** s3rver stores objects as plain files. It is installed once, for the bench only. */
export function s3rver(folder: string, cache: string): Column {
  const data = join(folder, 'data')
  return {
    name: 's3rver',
    async start(): Promise<Running> {
      const script = install(cache)
      mkdirSync(data, { recursive: true })
      const port = await freePort()
      const server = new Spawned(
        ['--openssl-legacy-provider', script, '-d', data, '-a', '127.0.0.1', '-p', String(port), '--silent', '--no-vhost-buckets'],
        {
          cwd: folder,
        },
      )
      const endpoint = `http://127.0.0.1:${port}`
      for (let tries = 100; ; tries--) {
        if (await fetch(endpoint).catch(() => undefined)) break
        if (tries === 0) await server.ready(() => undefined)
        await sleep(100)
      }
      return { target: targetAt(endpoint, CREDENTIALS, 'us-east-1'), pid: server.pid, stop: () => server.stop() }
    },
    fill(bucket, template, keys) {
      let source = template
      let links = 0
      let made = ''
      for (const key of keys) {
        const folder = dirname(join(data, bucket, key))
        if (folder !== made) mkdirSync(folder, { recursive: true })
        made = folder
        const fresh = ++links % MOST_LINKS === 0
        for (const suffix of SUFFIXES) {
          const [from, to] = [join(data, bucket, source + suffix), join(data, bucket, key + suffix)]
          if (fresh) copyFileSync(from, to)
          else linkSync(from, to)
        }
        if (fresh) source = key
      }
    },
  }
}

function install(cache: string): string {
  const script = join(cache, 'node_modules/s3rver/bin/s3rver.js')
  if (!existsSync(script)) {
    mkdirSync(cache, { recursive: true })
    const quiet = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error']
    execFileSync('npm', ['install', '--prefix', cache, ...quiet, `s3rver@${VERSION}`], { stdio: ['ignore', 'inherit', 'inherit'] })
  }
  return script
}
