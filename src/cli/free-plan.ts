import { readFile, writeFile } from 'node:fs/promises'
import { CONFIG } from './wrangler.ts'

/** Whether wrangler printed 100328: the error when a deployment to an account on the Workers Free plan sets limits of CPU time. */
export const isFreePlanRefusal = (errors: string): boolean => /\b100328\b/.test(errors)

/** The limits of that plan, in one line. https://developers.cloudflare.com/workers/platform/limits/ */
export const FREE_PLAN =
  'The Workers Free plan has no limits of CPU time to set, so they were taken out of wrangler.jsonc. It carries a trial: 10 ms of CPU a request ' +
  '(objects of a few megabytes), 50 subrequests a request (a GET of about 1 GiB), 1,000 KV writes a day, 1 GB in KV, 500 MB in a D1 database (set D1_DATABASE_BYTES to 500000000).'

const REPLACED = '  // "limits": { "cpu_ms": 90000 } was taken out: the Workers Free plan refuses it. Put it back on a paid plan.\n'

/** Returns the configuration without limits of CPU time; the same text if it has none. */
export const withoutLimits = (config: string): string => config.replace(/^[ \t]*"limits":\s*\{[^{}]*\},?[ \t]*\n/m, REPLACED)

/** Removes the limits from wrangler.jsonc. A deployment may change this file: the first one writes the ids of databases into it. */
export async function takeOutLimits(): Promise<void> {
  await writeFile(CONFIG, withoutLimits(await readFile(CONFIG, 'utf8')))
}
