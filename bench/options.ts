import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { MIGRATION_ROW_IDS } from './migration.ts'
import { COST_ROWS, ROWS } from './rows.ts'

export interface Options {
  readonly quick: boolean
  readonly rounds: number
  /** Prefixes of row ids; an empty list means all rows. */
  readonly rows: readonly string[]
  /** Names of the columns to measure; an empty list means all. Peers are always measured. */
  readonly columns: readonly string[]
  readonly peers: readonly { name: string; url: string }[]
  readonly json: string
  readonly folder: string
}

export const USAGE = `npm run bench -- [options]

  --quick             a short run: one round, smaller data
  --rounds N          rounds of each row; figures are their medians (3, quick 1)
  --rows put,get-1m   only the rows whose names begin with these; "none" measures only the load generator's ceiling
  --columns dev,serve,r2,s3rver   only these columns, and every peer
  --peer NAME=URL     one more S3 endpoint; credentials in NAME_ACCESS_KEY_ID and NAME_SECRET_ACCESS_KEY, or AWS_...
  --json FILE         where the figures go (.wrangler/bench/result.json)
`

export function readOptions(args: string[], root: string): Options {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      rows: { type: 'string' },
      columns: { type: 'string' },
      peer: { type: 'string', multiple: true, default: [] },
      json: { type: 'string' },
    },
  })
  const folder = join(root, '.wrangler/bench')
  const peers = values.peer.map(readPeer)
  const columns = listOf(values.columns)
  checkColumns(columns, peers)
  return {
    quick: values.quick,
    rounds: readRounds(values.rounds ?? (values.quick ? '1' : '3')),
    rows: readRows(values.rows),
    columns,
    peers,
    json: resolve(values.json ?? join(folder, 'result.json')),
    folder,
  }
}

const listOf = (text: string | undefined) => text?.split(',').filter((part) => part !== '') ?? []

/** The columns that need no address. */
export const OWN_COLUMNS = ['r2', 'dev', 'serve', 's3rver'] as const

interface Peer {
  readonly name: string
  readonly url: string
}

function readPeer(pair: string): Peer {
  const [, name, url] = /^([\w.-]+)=(https?:\/\/.+)$/.exec(pair) ?? []
  if (name === undefined || url === undefined) throw new Error(`"${pair}" is no peer: use NAME=URL, such as minio=http://127.0.0.1:9000.`)
  if (OWN_COLUMNS.includes(name as never)) throw new Error(`The name "${name}" has a column of its own: give the peer another.`)
  return { name, url }
}

/** Refuses a column that does not exist, so that every named column is measured. */
function checkColumns(columns: readonly string[], peers: readonly Peer[]): void {
  const there: readonly string[] = [...OWN_COLUMNS, ...peers.map(({ name }) => name)]
  const missing = columns.filter((name) => !there.includes(name))
  if (missing.length > 0)
    throw new Error(`There is no column ${missing.join(', ')}: there are ${there.join(', ')}, and those that --peer NAME=URL adds.`)
}

function readRows(text: string | undefined): string[] {
  const wanted = listOf(text)
  const ids = [...[...ROWS, ...COST_ROWS].map(({ id }) => id), ...MIGRATION_ROW_IDS]
  const missing = wanted.filter((start) => start !== 'none' && !ids.some((id) => id.startsWith(start)))
  if (missing.length > 0) throw new Error(`No row begins with ${missing.join(', ')}: there are ${ids.join(', ')}.`)
  return wanted
}

function readRounds(text: string): number {
  const rounds = Number(text)
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`"${text}" is no number of rounds.`)
  return rounds
}
