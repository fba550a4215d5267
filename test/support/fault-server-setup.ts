import type { TestProject } from 'vitest/node'
import { startFaultServer } from './fault-server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The address of a store that fails as a test tells it to. */
    faultServer: string
  }
}

/** One fault server for all tests that read from sources; each test uses buckets of its own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startFaultServer()
  project.provide('faultServer', server.url)
  return server.close
}
