import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Column, type Running, targetAt } from './column.ts'
import { findDatabase } from './sqlite.ts'
import { wranglerDev } from './wrangler.ts'

const CREDENTIALS = { accessKeyId: 'bench', secretAccessKey: 'bench-secret' }

/**
 * The S3 endpoint that wrangler itself provides for local R2 buckets, served by `wrangler dev` for a Worker that does nothing.
 * It cannot create buckets, so all of them are configured.
 */
export function wranglerR2(folder: string, buckets: readonly string[]): Column {
  return {
    name: 'wrangler R2',
    fixedBuckets: true,
    async start(): Promise<Running> {
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, 'worker.js'), "export default { fetch: () => new Response('') }\n")
      writeFileSync(join(folder, 'wrangler.json'), JSON.stringify(config(buckets)))
      const { server, port } = await wranglerDev(folder)
      return { target: targetAt(`http://127.0.0.1:${port}/cdn-cgi/local/r2/s3`, CREDENTIALS), pid: server.pid, stop: () => server.stop() }
    },
    fill: (_bucket, template, keys) => fill(join(folder, 'state'), template, keys),
  }
}

const config = (buckets: readonly string[]) => ({
  name: 'bench-peer',
  main: 'worker.js',
  compatibility_date: '2026-11-01',
  send_metrics: false,
  r2_buckets: buckets.map((bucket_name, n) => ({
    binding: `R2_${n}`,
    bucket_name,
    local_dev: { experimental_s3_credentials: CREDENTIALS },
  })),
})

/** Inserts one row for each key. All rows share the template's bytes, which no row of the bench reads. */
function fill(state: string, template: string, keys: Iterable<string>): void {
  const db = findDatabase(join(state, 'v3/r2'), '_mf_objects', template)
  const insert =
    db.prepare(`INSERT INTO _mf_objects (key, blob_id, version, size, etag, uploaded, checksums, http_metadata, custom_metadata)
    SELECT ?, blob_id, version, size, etag, uploaded, checksums, http_metadata, custom_metadata FROM _mf_objects WHERE key = ?`)
  db.exec('BEGIN')
  for (const key of keys) insert.run(key, template)
  db.exec('COMMIT')
  db.close()
}
