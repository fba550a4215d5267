import type { Keyring } from '../segments/keyring.ts'

/**
 * Ids and values of tokens that we made tell so by themselves: they end in eight bytes that follow from the others and the master key. So
 * a token that this isolate meets for the first time is told from an invention without a look-up, and passes when strangers are held off.
 * It proves nothing else: a token counts only if CONTROL has it, and tokens made before this are found like any other.
 */
const PROOF_BYTES = 8
const ID_BYTES = 16
const VALUE_BYTES = 30

/** A fresh id of 32 lowercase hex digits. */
export const newTokenId = (keyring: Keyring): string => proven(keyring, 'token-id', ID_BYTES).toHex()

/** A fresh value of 40 characters, like Cloudflare's own tokens: 22 random bytes and their proof. */
export const newTokenValue = (keyring: Keyring): string => proven(keyring, 'token-value', VALUE_BYTES).toBase64({ alphabet: 'base64url' })

/** Whether we made an id, under any of the master keys that are configured. */
export const isOurTokenId = (keyring: Keyring, id: string): boolean =>
  /^[0-9a-f]{32}$/.test(id) && isProven(keyring, 'token-id', Uint8Array.fromHex(id))

/** Whether we made a value, under any of the master keys that are configured. */
export const isOurTokenValue = (keyring: Keyring, value: string): boolean =>
  /^[\w-]{40}$/.test(value) && isProven(keyring, 'token-value', Uint8Array.fromBase64(value, { alphabet: 'base64url' }))

function proven(keyring: Keyring, purpose: string, length: number): Uint8Array {
  const bytes = crypto.getRandomValues(new Uint8Array(length))
  const end = length - PROOF_BYTES
  bytes.set(keyring.proofsOf(purpose, bytes.subarray(0, end))[0]!.subarray(0, PROOF_BYTES), end)
  return bytes
}

function isProven(keyring: Keyring, purpose: string, bytes: Uint8Array): boolean {
  const end = bytes.length - PROOF_BYTES
  const given = bytes.subarray(end)
  const proofs = keyring.proofsOf(purpose, bytes.subarray(0, end))
  return proofs.some((proof) => crypto.subtle.timingSafeEqual(proof.subarray(0, PROOF_BYTES), given))
}
