import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { serverArgs, WORKPLACE } from '../place.ts'
import { type Column, type Running, Spawned, targetAt } from './column.ts'
import { findDatabase } from './sqlite.ts'

const READY = /Cairn is ready on (\S+)/

/** Cairn under one of its two local servers, with its own data. */
export function cairn(command: 'dev' | 'serve', folder: string): Column {
  const devVars = join(folder, 'dev.vars')
  const state = join(folder, 'state')
  return {
    name: command === 'serve' ? 'cairn (serve)' : 'cairn (wrangler dev)',
    ours: true,
    async start(): Promise<Running> {
      mkdirSync(folder, { recursive: true })
      const env = { ...process.env, PORT: '0', PERSIST_TO: state, DEV_VARS: devVars }
      const server = new Spawned(serverArgs(command), { cwd: WORKPLACE, env })
      const endpoint = await server.ready((output) => READY.exec(output)?.[1])
      const {
        ACCOUNT_ID: accountId = '',
        ROOT_TOKEN_ID = '',
        ROOT_TOKEN = '',
      } = parseEnv(readFileSync(devVars, 'utf8')) as Record<string, string>
      const secretAccessKey = createHash('sha256').update(ROOT_TOKEN).digest('hex')
      const target = targetAt(endpoint, { accessKeyId: ROOT_TOKEN_ID, secretAccessKey })
      return { target, pid: server.pid, api: { accountId, token: ROOT_TOKEN }, stop: () => server.stop() }
    },
    fill: (_bucket, template, keys) => fill(state, template, keys),
  }
}

/** Inserts the rows that an upload of each key would have written: object, blob and counters. */
function fill(state: string, template: string, keys: Iterable<string>): void {
  const db = findDatabase(join(state, 'v3/do'), 'objects', template)
  const columns = (table: string) =>
    (db.prepare(`SELECT name FROM pragma_table_info('${table}')`).all() as { name: string }[]).map(({ name }) => name)
  const copy = (table: string, own: Record<string, string>, where: string) => {
    const all = columns(table)
    return db.prepare(
      `INSERT INTO ${table} (${all.join(', ')}) SELECT ${all.map((name) => own[name] ?? name).join(', ')} FROM ${table} WHERE ${where}`,
    )
  }
  const { blob_id } = db.prepare('SELECT blob_id FROM objects WHERE key = ?').get(template) as { blob_id: string }
  const object = copy('objects', { key: '?1', blob_id: '?2' }, 'key = ?3')
  const blob = copy('blobs', { id: '?1' }, 'id = ?2')
  let count = 0
  db.exec('BEGIN')
  for (const key of keys) {
    // Spread over an index like random ids, but of a form that no real id has.
    const id = `${(Math.imul(count, 2654435761) >>> 0).toString(16).padStart(8, '0')}${count.toString(16).padStart(24, '0')}`
    object.run(key, id, template)
    blob.run(id, blob_id)
    count++
  }
  db.prepare('UPDATE usage SET objects = objects + ?1, payload_bytes = payload_bytes + ?1 * (SELECT size FROM objects WHERE key = ?2)').run(
    count,
    template,
  )
  db.exec('COMMIT')
  db.close()
}
