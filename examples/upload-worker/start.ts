import { join } from 'node:path'
import { ensureDevVars } from '../../src/cli/dev-vars.ts'
import { stopTogether, stopWithNpm } from '../../src/cli/lifetime.ts'
import { applyLocalMigrations } from '../../src/cli/local-migrations.ts'
import { readSettings } from '../../src/cli/settings.ts'
import { ROOT, spawnWrangler } from '../../src/cli/wrangler.ts'

/** `npm run example`: Cairn's secrets and tables, then both Workers in one server. The first configuration is the one that listens. */
stopWithNpm()
const { port, host, persistTo } = readSettings(process.argv.slice(2), process.env)
// Of a second Worker, wrangler reads the secrets that lie beside its configuration, and no others.
ensureDevVars(join(ROOT, '.dev.vars'))
await applyLocalMigrations(persistTo)

const configs = ['-c', join(import.meta.dirname, 'wrangler.jsonc'), '-c', join(ROOT, 'wrangler.jsonc')]
const place = ['--ip', host, '--port', String(port ?? 8788), '--persist-to', persistTo, '--inspector-port', '0']
const server = spawnWrangler(['dev', ...configs, ...place, '--show-interactive-dev-session=false'], {
  persistTo,
  stdio: ['ignore', 'inherit', 'inherit'],
})
stopTogether(server)
