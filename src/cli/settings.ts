import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { settingsIn } from './worker-settings.ts'

/** The settings of a local Cairn: where it listens, stores its data and finds its secrets. */
export type Settings = {
  /** With 0, the system picks a free port; undefined means that no port was chosen. */
  port: number | undefined
  host: string
  persistTo: string
  devVarsPath: string
  /** `NAME=value` pairs that override the vars of wrangler.jsonc. A later pair overrides an earlier one. */
  vars: string[]
  /** A file that receives the endpoint once the server answers. */
  readyFile?: string
  /** Configurations of other Workers to run in the same server. */
  beside: string[]
}

export const DEFAULT_PORT = 8787

// The variable is CAIRN_HOST because some shells and package managers export HOST as the machine's own name.
export function readSettings(args: string[], env: NodeJS.ProcessEnv): Settings {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: 'string' },
      host: { type: 'string' },
      'persist-to': { type: 'string' },
      'ready-file': { type: 'string' },
      var: { type: 'string', multiple: true },
      with: { type: 'string', multiple: true },
    },
  })
  return {
    port: readPort(values.port ?? env.PORT),
    host: values.host ?? env.CAIRN_HOST ?? '127.0.0.1',
    persistTo: resolve(values['persist-to'] ?? (env.PERSIST_TO || '.wrangler/state')),
    devVarsPath: resolve(env.DEV_VARS || '.dev.vars'),
    vars: [...settingsIn(env), ...(env.CAIRN_VARS?.split(/\s+/) ?? []), ...(values.var ?? [])].filter((pair) => pair !== ''),
    readyFile: values['ready-file'] && resolve(values['ready-file']),
    beside: (values.with ?? []).map((config) => resolve(config)),
  }
}

function readPort(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  const port = Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new Error(`"${text}" is not a port: use a number from 0 to 65535.`)
  return port
}
