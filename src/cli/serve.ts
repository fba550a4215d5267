import { join } from 'node:path'
import { banner } from './banner.ts'
import { bundleWorker } from './bundle.ts'
import { ensureDevVars } from './dev-vars.ts'
import { endpointOf, noteEndpoint } from './endpoint.ts'
import { stopWithNpm } from './lifetime.ts'
import { applyLocalMigrations } from './local-migrations.ts'
import { type Runtime, runWorker } from './runtime.ts'
import { DEFAULT_PORT, readSettings, type Settings } from './settings.ts'

/**
 * `npm run serve`: what `npm start` serves, built once and without wrangler's development proxy, which costs most of a small request's time.
 * For CI machines and laptops that use Cairn as their object store; nothing reloads.
 */
async function serve(settings: Settings): Promise<void> {
  if (settings.beside.length > 0) throw new Error('Other Workers run beside `npm start`, not beside `npm run serve`.')
  stopWithNpm()
  const secrets = ensureDevVars(settings.devVarsPath)
  await applyLocalMigrations(settings.persistTo)
  const modules = await bundleWorker(join(settings.persistTo, 'bundle'))
  const runtime = await runWorker({ ...settings, port: settings.port ?? DEFAULT_PORT, modules, secrets })
  stopOnSignal(runtime)
  const endpoint = endpointOf(settings.host, runtime.port)
  await fetch(endpoint) // Any answer will do: the Worker is compiled on its first request.
  noteEndpoint(settings.persistTo, endpoint)
  console.log(banner(endpoint, secrets.ROOT_TOKEN_ID))
}

/** The first signal drains; a second one does not wait. */
function stopOnSignal(runtime: Runtime): void {
  let stopping = false
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, async () => {
      if (stopping) process.exit(1)
      stopping = true
      await runtime.stop()
      process.exit(0)
    })
  }
}

try {
  await serve(readSettings(process.argv.slice(2), process.env))
} catch (error) {
  console.error((error as Error).message)
  process.exit(1)
}
