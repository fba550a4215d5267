import { createHash, createHmac, hkdfSync } from 'node:crypto'
import { StoreError } from '../core/errors.ts'
import { type BucketRef, bucketPath, type CustomerKey } from '../core/object.ts'

const KEY_BYTES = 32
const NONCE_BYTES = 12
/** How many derived keys are cached in memory, one per bucket. */
const CACHED_KEYS = 512
/** The `keyId` of blobs whose data key can only be unwrapped with the customer's key. */
export const SSEC_KEY_ID = 'ssec'

/** The owner of the key that protects a blob: the bucket, or the customer if a customer key is given. */
export interface KeyOwner {
  readonly bucket: BucketRef
  readonly customerKey?: CustomerKey
}

/** A blob's own key, both ready to use and in its stored form. */
export interface DataKey {
  readonly key: CryptoKey
  readonly wrappedKey: Uint8Array
  readonly keyId: string
}

/** The properties of a blob that the keyring needs. */
export interface WrappedBlobKey {
  readonly id: string
  readonly wrappedKey: Uint8Array
  readonly keyId: string
}

/**
 * Derives all other keys from the master key. Old master keys may be passed as well: they open existing data and never seal new data.
 *
 * Keys are cached as values, never as promises: if one request is cancelled, its promise would never settle for the other requests.
 */
export class Keyring {
  /** The id of the master key that seals. */
  readonly keyId: string
  readonly #masters = new Map<string, Uint8Array>()
  readonly #derived = new Map<string, CryptoKey>()
  #proofKeys: readonly Uint8Array[] | undefined

  /** @throws StoreError if a key is not base64 of 32 bytes. */
  constructor(masterKey: string | undefined, oldMasterKeys: readonly string[] = []) {
    const keys = [masterKey, ...oldMasterKeys].map(readMasterKey)
    for (const key of keys) this.#masters.set(masterKeyId(key), key)
    this.keyId = masterKeyId(keys[0]!)
  }

  /** Whether there is a master key besides the one that seals. */
  get hasOldKeys(): boolean {
    return this.#masters.size > 1
  }

  /** Whether a master key is configured. */
  knows(keyId: string): boolean {
    return this.#masters.has(keyId)
  }

  /** The key-encryption key of a bucket. */
  kekFor(bucket: BucketRef, keyId = this.keyId): Promise<CryptoKey> {
    return this.#derive(keyId, `cairn/bucket/${bucketPath(bucket)}`, 'AES-KW', ['wrapKey', 'unwrapKey'])
  }

  /** Makes the data key of a new blob. */
  async newDataKey(owner: KeyOwner, blobId: string): Promise<DataKey> {
    const { customerKey, bucket } = owner
    const kek = customerKey ? await customerKek(customerKey, blobId) : await this.kekFor(bucket)
    const key = (await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['encrypt', 'decrypt'])) as CryptoKey
    const wrappedKey = new Uint8Array((await crypto.subtle.wrapKey('raw', key, kek, 'AES-KW')) as ArrayBuffer)
    return { key, wrappedKey, keyId: customerKey ? SSEC_KEY_ID : this.keyId }
  }

  /**
   * Unwraps the data key of a stored blob.
   * @throws StoreError `AccessDenied` for a wrong or missing customer key; `EncryptionKeyUnavailable` if our own key is missing.
   */
  async openDataKey(owner: KeyOwner, blob: WrappedBlobKey): Promise<CryptoKey> {
    if (blob.keyId !== SSEC_KEY_ID) {
      const kek = await this.kekFor(owner.bucket, blob.keyId)
      return unwrapDataKey(blob.wrappedKey, { kek }, () => unopened(blob.keyId))
    }
    const denied = () => new StoreError('AccessDenied')
    if (!owner.customerKey) throw denied()
    return unwrapDataKey(blob.wrappedKey, { kek: await customerKek(owner.customerKey, blob.id) }, denied)
  }

  /**
   * Wraps the data key of a stored blob with the present master key. Returns `null` if it is already so, or if only the customer's key could.
   * @throws StoreError `EncryptionKeyUnavailable`
   */
  async rewrapDataKey(bucket: BucketRef, blob: WrappedBlobKey): Promise<Omit<DataKey, 'key'> | null> {
    if (blob.keyId === this.keyId || blob.keyId === SSEC_KEY_ID) return null
    const { wrappedKey, keyId } = blob
    const old = await this.kekFor(bucket, keyId)
    const key = await unwrapDataKey(wrappedKey, { kek: old, extractable: true }, () => unopened(keyId))
    const wrapped = await crypto.subtle.wrapKey('raw', key, await this.kekFor(bucket), 'AES-KW')
    return { wrappedKey: new Uint8Array(wrapped as ArrayBuffer), keyId: this.keyId }
  }

  /** Whether a sealed secret was sealed with the present master key. */
  isPresent(sealed: string): boolean {
    return sealed.startsWith(`${this.keyId}.`)
  }

  /** Seals a small secret. It opens only for the same purpose, so that the sealed text of one row is useless in another. */
  async seal(purpose: string, text: string): Promise<string> {
    const key = await this.#secretKey(this.keyId)
    const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES))
    const sealed = new Uint8Array(await crypto.subtle.encrypt(gcm(iv, purpose), key, new TextEncoder().encode(text)))
    return `${this.keyId}.${iv.toBase64()}.${sealed.toBase64()}`
  }

  /**
   * Opens a text that {@link seal} made.
   * @throws StoreError if its key is not configured, it was sealed for another purpose, or it was altered.
   */
  async open(purpose: string, sealed: string): Promise<string> {
    const [keyId = '', iv = '', bytes = ''] = sealed.split('.')
    const key = await this.#secretKey(keyId)
    try {
      const plain = await crypto.subtle.decrypt(gcm(Uint8Array.fromBase64(iv), purpose), key, Uint8Array.fromBase64(bytes))
      return new TextDecoder().decode(plain)
    } catch {
      throw lostKey('A sealed secret failed authentication.')
    }
  }

  /**
   * Proofs of a text that only the owner of a master key can make: an HMAC with each master key, first with the one that seals.
   * @returns 32 bytes for each key
   */
  proofsOf(purpose: string, text: Uint8Array): Uint8Array[] {
    this.#proofKeys ??= [...this.#masters.values()].map(
      (master) => new Uint8Array(hkdfSync('sha256', master, '', 'cairn/proof', KEY_BYTES)),
    )
    return this.#proofKeys.map((key) => createHmac('sha256', key).update(`${purpose}/`).update(text).digest())
  }

  #secretKey(keyId: string): Promise<CryptoKey> {
    return this.#derive(keyId, 'cairn/secrets', 'AES-GCM', ['encrypt', 'decrypt'])
  }

  async #derive(keyId: string, info: string, algorithm: string, usages: string[]): Promise<CryptoKey> {
    const name = `${keyId}/${info}`
    const cached = this.#derived.get(name)
    if (cached) return cached
    const master = this.#masters.get(keyId)
    if (!master) throw lostKey(`Master key ${keyId} is not configured.`)
    const key = await importDerived(hkdfSync('sha256', master, '', info, KEY_BYTES), algorithm, usages)
    if (this.#derived.size >= CACHED_KEYS) this.#derived.delete(this.#derived.keys().next().value!)
    this.#derived.set(name, key)
    return key
  }
}

const lostKey = (message: string): StoreError => new StoreError('EncryptionKeyUnavailable', { message })
const unopened = (keyId: string): StoreError => lostKey(`The stored data key does not open with master key ${keyId}.`)

const gcm = (iv: Uint8Array, purpose: string) => ({ name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(purpose) })

const importDerived = (bytes: ArrayBuffer, algorithm: string, usages: string[]): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', bytes, { name: algorithm }, false, usages)

const customerKek = ({ key }: CustomerKey, blobId: string): Promise<CryptoKey> =>
  importDerived(hkdfSync('sha256', key, blobId, 'cairn/ssec', KEY_BYTES), 'AES-KW', ['wrapKey', 'unwrapKey'])

/** Unwraps a data key. It is extractable only if it will be wrapped again. */
async function unwrapDataKey(
  wrapped: Uint8Array,
  { kek, extractable = false }: { kek: CryptoKey; extractable?: boolean },
  failure: () => StoreError,
): Promise<CryptoKey> {
  try {
    return await crypto.subtle.unwrapKey('raw', wrapped, kek, 'AES-KW', 'AES-GCM', extractable, ['decrypt'])
  } catch {
    throw failure()
  }
}

function readMasterKey(text: string | undefined): Uint8Array {
  try {
    const key = Uint8Array.fromBase64(text ?? '')
    if (key.byteLength === KEY_BYTES) return key
  } catch {
    // The error below says so, without the value.
  }
  throw new StoreError('ServiceUnavailable', { message: 'MASTER_KEY must be set to the base64 of 32 random bytes.' })
}

/** Identifies a key without revealing anything about it. */
const masterKeyId = (key: Uint8Array): string => createHash('sha256').update('cairn/master-key-id/').update(key).digest('hex').slice(0, 8)
