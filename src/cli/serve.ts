import { runServer } from './server.ts'
import { readSettings } from './settings.ts'

/** `npm run serve`: the server of `npm start`, built once, for CI machines and laptops that use Cairn as their object store. */
await runServer(() => readSettings(process.argv.slice(2), process.env), { reloads: false })
