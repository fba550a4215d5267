import { nodeTooOld } from '../cli/node-version.ts'
import type { Cairn, CairnOptions } from './types.ts'

export type * from './types.ts'

/**
 * Starts Cairn on a port of the loopback address, in workerd: the Worker that a deployment runs, with its Durable Objects, D1, KV and queues.
 * @returns the endpoint and credentials, ready configurations of clients, and the functions to reset and to stop it
 * @throws Error with one clear sentence when Node is too old, an option is malformed, the port or the folder is in use, or a setting is
 * refused
 */
export async function startCairn(options: CairnOptions = {}): Promise<Cairn> {
  const tooOld = nodeTooOld(process.version)
  if (tooOld !== undefined) throw new Error(tooOld)
  // Miniflare needs that Node, too, so it is loaded after the check.
  const { start } = await import('./start.ts')
  return start(options)
}
