import { runServer } from './server.ts'
import { readSettings } from './settings.ts'

/** `npm start`: Cairn directly on workerd, as clients see it in a deployment. When a source changes, it builds and restarts at once. */
await runServer(() => readSettings(process.argv.slice(2), process.env), { reloads: true })
