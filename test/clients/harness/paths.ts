import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../../..')

/** Where the clients are installed. Not committed. */
export const INSTALLED = join(ROOT, '.wrangler/clients')

/** Where a run keeps its files while it lasts: below our node_modules' parent, so that snippets find them. */
export const RUN = join(INSTALLED, 'run')

export const DOC = join(ROOT, 'docs/reference/clients.md')
