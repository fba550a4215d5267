import type { Keyring } from '../segments/keyring.ts'

/**
 * Our token ids and values carry a proof that we made them: their last eight bytes are computed from the others and the master key. So an
 * isolate that sees a token for the first time can tell it from an invented one without a look-up, and accepts it while strangers are
 * limited. The proof shows nothing else: a token counts only if CONTROL has it. Tokens from before this scheme have no proof, and are
 * looked up like any other.
 */
const PROOF_BYTES = 8
const ID_BYTES = 16
const VALUE_BYTES = 30

/** Makes a new id of 32 lowercase hex digits. */
export const newTokenId = (keyring: Keyring): string => proven(keyring, 'token-id', ID_BYTES).toHex()

/** Makes a new value of 40 characters, like Cloudflare's own tokens: 22 random bytes and their proof. */
export const newTokenValue = (keyring: Keyring): string => proven(keyring, 'token-value', VALUE_BYTES).toBase64({ alphabet: 'base64url' })

/** Whether we made an id, with any of the configured master keys. */
export const isOurTokenId = (keyring: Keyring, id: string): boolean =>
  /^[0-9a-f]{32}$/.test(id) && isProven(keyring, 'token-id', Uint8Array.fromHex(id))

/** Whether we made a value, with any of the configured master keys. */
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
