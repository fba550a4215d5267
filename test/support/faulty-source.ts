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

/** A service account whose public key the fault server knows. */
export async function serviceAccount() {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' }
  const pair = (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair
  const pem = async (format: 'pkcs8' | 'spki', key: CryptoKey, label: string) => {
    const base64 = Buffer.from((await crypto.subtle.exportKey(format, key)) as ArrayBuffer).toString('base64')
    return `-----BEGIN ${label}-----\n${base64.replace(/.{64}/g, '$&\n')}\n-----END ${label}-----\n`
  }
  const clientEmail = `reader-${crypto.randomUUID()}@project.iam.gserviceaccount.com`
  const body = await pem('spki', pair.publicKey, 'PUBLIC KEY')
  await (await fetch(`${inject('faultServer')}/_account/${encodeURIComponent(clientEmail)}`, { method: 'PUT', body })).arrayBuffer()
  return { clientEmail, privateKey: await pem('pkcs8', pair.privateKey, 'PRIVATE KEY') }
}
