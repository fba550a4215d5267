import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Spawned } from './column.ts'

const WRANGLER = join(dirname(createRequire(import.meta.url).resolve('wrangler/package.json')), 'bin/wrangler.js')

/** `wrangler dev` with the same quiet settings as `npm run dev`, so that its own cost is the same for both. */
const ENV = {
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_WRITE_LOGS: 'false',
  X_LOCAL_EXPLORER: 'false',
  X_LOCAL_OBSERVABILITY: 'false',
}
const PLAIN = ['--ip', '127.0.0.1', '--port', '0', '--inspector-port', '0', '--show-interactive-dev-session=false', '--log-level', 'warn']

export async function wranglerDev(folder: string): Promise<{ server: Spawned; port: number }> {
  const server = new Spawned([WRANGLER, 'dev', ...PLAIN, '--persist-to', join(folder, 'state')], {
    cwd: folder,
    env: { ...process.env, ...ENV, WRANGLER_REGISTRY_PATH: join(folder, 'registry') },
  })
  const port = await server.ready((_output, message) => {
    const { event, port } = message === undefined ? {} : JSON.parse(String(message))
    return event === 'DEV_SERVER_READY' ? Number(port) : undefined
  })
  return { server, port }
}
