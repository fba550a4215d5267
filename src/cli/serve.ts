import { runServer } from './server.ts'
import { readSettings } from './settings.ts'

/** `npm run serve`: the server of `npm start`, built once, for CI machines and laptops that use Cairn as their object store. */
export const main = (args: string[]): Promise<void> => runServer(() => readSettings(args, process.env), { reloads: false })

if (import.meta.main) await main(process.argv.slice(2))
