import type { Finished, RunOptions } from './wrangler.ts'

/** A route of wrangler.jsonc. */
export type GivenRoute = string | { readonly pattern: string }

interface HostTools {
  readonly wrangler: (args: string[], options?: RunOptions) => Promise<Finished>
  readonly print: (text: string) => void
  readonly routes: readonly GivenRoute[]
  /** The variable HOSTS of wrangler.jsonc. */
  readonly named: string | undefined
}

const DATABASE = 'cairn-control'
const DOMAINS = "SELECT host, bucket FROM domains WHERE kind = 'custom'"

/** How wrangler says that nothing can be attached yet: the database or the table is made by this deployment. */
const NOTHING_YET = /no such table|couldn't find .*D1 DB/i

/**
 * The variable HOSTS of a deployment: the hosts that are named, and those of the routes that are not the domain of a bucket. Prints which
 * are which. Without routes there is nothing to add, and the domains are not read.
 * @returns undefined where wrangler.jsonc says it all.
 * @throws Error when the domains cannot be read: one of them could be taken for a host of the API, and stop showing its bucket.
 */
export async function ownHosts({ wrangler, print, routes, named = '' }: HostTools): Promise<string | undefined> {
  const { hosts, wildcards } = hostsOf(routes)
  for (const wildcard of wildcards)
    print(`The route ${wildcard} names no host: if the API has one below it, name that in the variable HOSTS.`)
  if (hosts.length === 0) return undefined
  const attached = await attachedDomains(wrangler)
  const own = [...new Set([...named.split(',').map((host) => host.trim()), ...hosts.filter((host) => !attached.has(host))])]
  const listed = own.filter((host) => host !== '')
  print(`Hosts of the API: ${listed.join(', ') || 'none of the routes'}.`)
  for (const host of hosts.filter((known) => !listed.includes(known))) print(`Domain of the bucket ${attached.get(host)}: ${host}.`)
  return listed.join(',')
}

/** The hosts that routes name, and the routes that name none because of a `*` in them. */
export function hostsOf(routes: readonly GivenRoute[]): { hosts: string[]; wildcards: string[] } {
  const patterns = routes.map((route) => (typeof route === 'string' ? route : route.pattern))
  const hosts = patterns.map((pattern) =>
    pattern
      .replace(/^[a-z]+:\/\//i, '')
      .replace(/[:/].*/s, '')
      .toLowerCase(),
  )
  const isWild = (host: string) => host.includes('*')
  return { hosts: [...new Set(hosts.filter((host) => !isWild(host)))], wildcards: patterns.filter((_, i) => isWild(hosts[i]!)) }
}

/** The custom domains of buckets, each with its bucket. */
async function attachedDomains(wrangler: HostTools['wrangler']): Promise<Map<string, string>> {
  const { code, output } = await wrangler(['d1', 'execute', DATABASE, '--remote', '--json', '--command', DOMAINS], { capture: true })
  if (code !== 0 && NOTHING_YET.test(output)) return new Map()
  if (code !== 0) throw new Error(`The domains of buckets could not be read, so nothing was deployed:\n${output.trim()}`)
  const [answer] = JSON.parse(output) as [{ results: { host: string; bucket: string }[] }]
  return new Map(answer.results.map(({ host, bucket }) => [host, bucket]))
}
