import { runServer } from './server.ts'
import { readSettings } from './settings.ts'

/** `npm start`: Cairn straight on workerd, as clients meet it in a deployment. A change of the sources is built and served at once. */
await runServer(() => readSettings(process.argv.slice(2), process.env), { reloads: true })
