import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

export interface Options {
  readonly quick: boolean
  readonly rounds: number
  /** Beginnings of row ids; none means all. */
  readonly rows: readonly string[]
  /** Names of the columns to measure; none means all. */
  readonly columns: readonly string[]
  readonly peers: readonly { name: string; url: string }[]
  readonly json: string
  readonly folder: string
}

export const USAGE = `npm run bench -- [options]

  --quick             a short run: one round, smaller data
  --rounds N          rounds of each row; figures are their medians (3, quick 1)
  --rows put,get-1m   only the rows whose names begin so; "none" for the load generator's ceiling alone
  --columns dev,serve,r2,s3rver   only these columns
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
  return {
    quick: values.quick,
    rounds: Number(values.rounds ?? (values.quick ? 1 : 3)),
    rows: listOf(values.rows),
    columns: listOf(values.columns),
    peers: values.peer.map((pair) => ({ name: pair.slice(0, pair.indexOf('=')), url: pair.slice(pair.indexOf('=') + 1) })),
    json: resolve(values.json ?? join(folder, 'result.json')),
    folder,
  }
}

const listOf = (text: string | undefined) => text?.split(',').filter((part) => part !== '') ?? []
