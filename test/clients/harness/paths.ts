import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../../..')

/** Where the clients are installed. Not committed. */
export const INSTALLED = join(ROOT, '.wrangler/clients')

export const DOC = join(ROOT, 'docs/clients.md')
