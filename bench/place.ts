import { join } from 'node:path'

/** Whether this is a checkout of the sources. Otherwise it is an installed package. */
export const FROM_SOURCE = import.meta.filename.endsWith('.ts')

const ABOVE = join(import.meta.dirname, '..')

/** The folder below which the bench keeps its data. */
export const WORKPLACE = FROM_SOURCE ? ABOVE : process.cwd()

/** The script of the load generator's process. */
export const LOAD_PROCESS = join(ABOVE, 'bench', FROM_SOURCE ? 'load-process.ts' : 'load-process.js')

/** Returns the arguments of Node that run one of Cairn's local servers. */
export const serverArgs = (command: 'dev' | 'serve'): string[] =>
  FROM_SOURCE ? [join(ABOVE, `src/cli/${command}.ts`)] : [join(ABOVE, 'cli/bin.js'), command]
