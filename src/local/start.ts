import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ensureDevVars, GENERATE, type SecretName, type Secrets } from '../cli/dev-vars.ts'
import { endpointOf } from '../cli/endpoint.ts'
import { refusalOf } from '../cli/first-answer.ts'
import { lockFolder } from '../cli/folder-lock.ts'
import { checkPort } from '../cli/port.ts'
import { type Prebuilt, prebuilt } from '../cli/prebuilt.ts'
import { type Runtime, runWorkers } from '../cli/runtime.ts'
import { withQuietEnvironment } from '../cli/wrangler.ts'
import { accessOf, s3ConfigIn } from './access.ts'
import { checkOptions } from './check-options.ts'
import { ControlClient } from './control-client.ts'
import { createBuckets, createTokens, publicUrls, RestClient } from './prepare.ts'
import { seedFolder } from './seed.ts'
import type { Cairn, CairnOptions } from './types.ts'

const CONTROL = 'ResetControl'

/** Does the work of `startCairn`. */
export async function start(options: CairnOptions = {}): Promise<Cairn> {
  checkOptions(options)
  const folder = options.folder === undefined ? undefined : resolve(options.folder)
  const hadData = folder !== undefined && existsSync(join(folder, 'v3'))
  const { secrets, ports, control, stop: end } = await run(options, folder)
  let isStopped = false
  const stop = () => {
    isStopped = true
    return end()
  }
  try {
    const endpoint = endpointOf(hostOf(options), [...ports.values()][0]!)
    const refusal = await refusalOf(endpoint)
    if (refusal !== undefined) throw new Error(`Cairn did not start: ${refusal}`)
    const at = { endpoint, accountId: secrets.ACCOUNT_ID }
    const root = accessOf(at, { id: secrets.ROOT_TOKEN_ID, value: secrets.ROOT_TOKEN })
    const rest = new RestClient(at, secrets.ROOT_TOKEN)
    await createBuckets(rest, options.buckets)
    const [tokens, urls] = await Promise.all([createTokens(rest, options.tokens), publicUrls(rest, options.buckets)])
    if (options.seed !== undefined) await seedFolder(rest, resolve(options.seed))
    if (!hadData) await control.keep()
    return {
      ...at,
      ...root,
      region: 'auto',
      apiBaseUrl: rest.baseUrl,
      tokens,
      s3In: (jurisdiction) => s3ConfigIn(jurisdiction, root.s3),
      publicUrl: (bucket) => urlIn(urls, bucket),
      reset: () => resetOf(control, { hadData, isStopped }),
      stop,
      [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

const hostOf = ({ host = '127.0.0.1' }: CairnOptions): string => host

type Running = Pick<Runtime, 'ports' | 'stop'> & { readonly secrets: Secrets; readonly control: ControlClient }

async function run(options: CairnOptions, folder: string | undefined): Promise<Running> {
  const { port = 0 } = options
  const host = hostOf(options)
  await checkPort(host, port, 'the option port', { host: 'the option host', free: '0 takes a free one' })
  const { config, resettable, migrations } = await prebuilt()
  const devVarsPath = folder === undefined ? '' : join(folder, '.dev.vars')
  const unlock = folder === undefined ? () => {} : lockFolder(folder, 'the option folder')
  const token = randomBytes(32).toString('base64url')
  const cairn = { config: '', modules: resettable, resolved: config }
  const vars = Object.entries(settingsOf(options)).map(([name, value]) => `${name}=${value}`)
  try {
    const secrets = folder === undefined ? randomSecrets() : ensureDevVars(devVarsPath)
    const runtime = await withQuietEnvironment(folder, () =>
      runWorkers({
        cairn,
        beside: [],
        persistTo: folder,
        devVarsPath,
        host,
        port,
        vars,
        secrets: { ...secrets, RESET_TOKEN: token },
        control: CONTROL,
      }),
    )
    const stop = () => runtime.stop().finally(unlock)
    return { secrets, ports: runtime.ports, stop, control: await migrated(new ControlClient(runtime.controlUrl!, token), migrations, stop) }
  } catch (error) {
    unlock()
    throw error
  }
}

/** Applies the migrations. If that fails, the server stops. */
async function migrated(control: ControlClient, migrations: Prebuilt['migrations'], stop: () => Promise<void>): Promise<ControlClient> {
  try {
    await control.migrate(migrations)
    return control
  } catch (error) {
    await stop()
    throw error
  }
}

const randomSecrets = (): Secrets =>
  Object.fromEntries(Object.entries(GENERATE).map(([name, generate]) => [name, generate()])) as Record<SecretName, string>

const settingsOf = ({ strict = false, settings }: CairnOptions) => ({ R2_STRICT: String(strict), ...settings })

function urlIn(urls: ReadonlyMap<string, string>, bucket: string): string {
  const url = urls.get(bucket)
  if (url === undefined)
    throw new Error(`The bucket ${bucket} is not public. Start Cairn with { buckets: [{ name: '${bucket}', public: true }] }.`)
  return url
}

async function resetOf(control: ControlClient, { hadData, isStopped }: { hadData: boolean; isStopped: boolean }): Promise<void> {
  if (isStopped) throw new Error('reset() came after stop(): nothing runs any more.')
  if (hadData) throw new Error('reset() would delete data that was in the folder before this start. Use a new folder, or none.')
  await control.reset()
}
