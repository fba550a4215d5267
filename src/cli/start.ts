import { runServer } from './server.ts'
import { readSettings } from './settings.ts'

/** `npm start`: Cairn directly on workerd, as clients see it in a deployment. When a source changes, it builds and restarts at once. */
export const main = (args: string[]): Promise<void> => runServer(() => readSettings(args, process.env), { reloads: true })

if (import.meta.main) await main(process.argv.slice(2))
