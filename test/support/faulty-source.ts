import { inject } from 'vitest'
import type { Script, SeenRequest } from './fault-server.ts'

let buckets = 0

/** A bucket of the fault server that behaves as the script says. */
export async function faultyBucket(script: Script) {
  const endpoint = inject('faultServer')
  const bucket = `b${buckets++}-${crypto.randomUUID().slice(0, 8)}`
  const control = `${endpoint}/_/${bucket}`
  const program = async (next: Script) => {
    await (await fetch(control, { method: 'PUT', body: JSON.stringify(next) })).arrayBuffer()
  }
  await program(script)
  return {
    endpoint,
    bucket,
    /** Replaces the script and forgets the requests. */
    program,
    /** The requests that came. */
    requests: async () => (await (await fetch(control)).json()) as SeenRequest[],
  }
}

/** An object that has a text as its bytes. */
export const textObject = (text: string, headers: Record<string, string> = {}) => ({
  base64: Buffer.from(text).toString('base64'),
  headers: { 'content-type': 'text/plain', ...headers },
})
