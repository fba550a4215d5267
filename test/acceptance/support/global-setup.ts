import type { TestProject } from 'vitest/node'
import { type Connection, startServer } from './server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    server: Connection
  }
}

/** One real server for all acceptance files, of `npm run serve`: that of `npm start` would reload whenever a source is edited. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { stop, kill: _kill, output: _, ...connection } = await startServer()
  project.provide('server', connection)
  return stop
}
