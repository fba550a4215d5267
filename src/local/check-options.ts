import { unknownSetting } from '../cli/worker-settings.ts'
import type { BucketOptions, CairnOptions, TokenOptions } from './types.ts'

type Names<T> = Readonly<Record<keyof T, true>>

const OPTIONS: Names<CairnOptions> = {
  buckets: true,
  tokens: true,
  seed: true,
  folder: true,
  strict: true,
  port: true,
  host: true,
  settings: true,
}
const BUCKET: Names<BucketOptions> = { name: true, public: true, jurisdiction: true }
const TOKEN: Names<TokenOptions> = { permission: true, buckets: true }

/**
 * Checks the parts of the options that no later step checks: a misspelt name would be without effect, and nobody would notice.
 * @throws Error with one sentence
 */
export function checkOptions(options: CairnOptions): void {
  checkNames('startCairn', options, OPTIONS)
  const { port = 0, strict = false, buckets = [], tokens = {}, settings = {} } = options
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new Error(`The option port is a number from 0 to 65535, not ${shown(port)}.`)
  if (typeof strict !== 'boolean') throw new Error(`The option strict is true or false, not ${shown(strict)}.`)
  if (!Array.isArray(buckets)) throw new Error(`The option buckets is a list, such as ['photos'], not ${shown(buckets)}.`)
  for (const bucket of buckets) checkBucket(bucket)
  for (const [name, token] of Object.entries(tokens)) checkNames(`The token ${name}`, token, TOKEN)
  for (const name of Object.keys(settings)) checkSetting(name)
}

function checkBucket(bucket: string | BucketOptions): void {
  if (typeof bucket === 'string') return
  checkNames('A bucket', bucket, BUCKET)
  if (typeof bucket.name !== 'string') throw new Error(`A bucket needs a name: ${shown(bucket)} has none.`)
}

function checkSetting(name: string): void {
  const sentence = unknownSetting(name)
  if (sentence !== undefined) throw new Error(sentence)
}

function checkNames(owner: string, given: object, known: Readonly<Record<string, true>>): void {
  if (typeof given !== 'object' || given === null) throw new Error(`${owner} takes an object of options, not ${shown(given)}.`)
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(known, name))
  if (unknown !== undefined) throw new Error(`${owner} has no option ${unknown}: use ${Object.keys(known).join(', ')}.`)
}

const shown = (value: unknown): string => JSON.stringify(value) ?? String(value)
