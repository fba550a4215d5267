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

/** Wrangler's messages when the database or its table is missing. This deployment creates them, so no domain is attached yet. */
const NOTHING_YET = /no such table|couldn't find .*D1 DB/i

/**
 * Returns the variable HOSTS of a deployment: the named hosts, and the hosts of those routes that are not the domain of a bucket. Prints
 * both groups. Without routes there is nothing to add, so it does not read the domains.
 * @returns undefined when the variable in wrangler.jsonc is complete
 * @throws Error when the domains cannot be read: a bucket's domain could pass for a host of the API, and stop serving its bucket
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

/** Returns the hosts that the routes name, and the routes with a `*` in the host, which name no host. */
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

/** Returns the custom domains of all buckets, each with its bucket. */
async function attachedDomains(wrangler: HostTools['wrangler']): Promise<Map<string, string>> {
  const { code, output } = await wrangler(['d1', 'execute', DATABASE, '--remote', '--json', '--command', DOMAINS], { capture: true })
  if (code !== 0 && NOTHING_YET.test(output)) return new Map()
  if (code !== 0) throw new Error(`The domains of buckets could not be read, so nothing was deployed:\n${output.trim()}`)
  const [answer] = JSON.parse(output) as [{ results: { host: string; bucket: string }[] }]
  return new Map(answer.results.map(({ host, bucket }) => [host, bucket]))
}
