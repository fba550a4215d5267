import { runServer } from './server.ts'
import { readSettings } from './settings.ts'

/** `npm run serve`: what `npm start` serves, built once, for CI machines and laptops that use Cairn as their object store. */
await runServer(() => readSettings(process.argv.slice(2), process.env), { reloads: false })
