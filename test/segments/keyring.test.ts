import { describe, expect, test } from 'vitest'
import { Keyring, SSEC_KEY_ID } from '../../src/segments/keyring.ts'
import { customerKey, keyring, MASTER_KEY, newBlobId, owner } from './support.ts'

const OTHER_KEY = new Uint8Array(32).fill(9).toBase64()
const sealWith = (key: CryptoKey) => crypto.subtle.encrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, key, new Uint8Array(8))
const openWith = (key: CryptoKey, sealed: ArrayBuffer) => crypto.subtle.decrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, key, sealed)

test.each([undefined, '', 'not base64!', new Uint8Array(31).toBase64(), new Uint8Array(33).toBase64()])('%j is no master key', (text) => {
  expect(() => new Keyring(text)).toThrow(
    expect.objectContaining({ code: 'ServiceUnavailable', message: expect.stringContaining('MASTER_KEY') }),
  )
})

test('a key id is eight hex digits and follows from the key alone', () => {
  expect(keyring.keyId).toMatch(/^[0-9a-f]{8}$/)
  expect(new Keyring(MASTER_KEY).keyId).toBe(keyring.keyId)
  expect(new Keyring(OTHER_KEY).keyId).not.toBe(keyring.keyId)
})

describe('data keys', () => {
  const blobKey = async (forOwner = owner) => {
    const id = newBlobId()
    const { key, ...stored } = await keyring.newDataKey(forOwner, id)
    return { blob: { id, ...stored }, sealed: await sealWith(key) }
  }

  test('a wrapped key opens what the key sealed, in this keyring and in another of the same master key', async () => {
    const { blob, sealed } = await blobKey()
    expect(blob.keyId).toBe(keyring.keyId)
    expect(blob.wrappedKey.byteLength).toBe(40)
    for (const ring of [keyring, new Keyring(MASTER_KEY)]) {
      expect(new Uint8Array(await openWith(await ring.openDataKey(owner, blob), sealed))).toEqual(new Uint8Array(8))
    }
  })

  test('an unwrapped key cannot leave the runtime or seal anything', async () => {
    const { blob } = await blobKey()
    const key = await keyring.openDataKey(owner, blob)
    expect(key.extractable).toBe(false)
    await expect(sealWith(key)).rejects.toThrow()
  })

  test('every blob has a key of its own', async () => {
    const [a, b] = await Promise.all([blobKey(), blobKey()])
    expect(a.blob.wrappedKey).not.toEqual(b.blob.wrappedKey)
  })

  test.each([
    ['another name', { jurisdiction: 'default', name: 'photos2' }],
    ['another jurisdiction', { jurisdiction: 'eu', name: 'photos' }],
  ] as const)('the key of a bucket of %s does not unwrap it', async (_, bucket) => {
    const { blob } = await blobKey()
    await expect(keyring.openDataKey({ bucket }, blob)).rejects.toMatchObject({ code: 'EncryptionKeyUnavailable' })
  })

  test('a retired master key still opens what it protects, and new blobs use the present one', async () => {
    const { blob } = await blobKey()
    const rotated = new Keyring(OTHER_KEY, [MASTER_KEY])
    await expect(rotated.openDataKey(owner, blob)).resolves.toBeDefined()
    expect((await rotated.newDataKey(owner, newBlobId())).keyId).toBe(new Keyring(OTHER_KEY).keyId)
  })

  test('a lost master key is an error of the server that names the key id', async () => {
    const { blob } = await blobKey()
    const lost = new Keyring(OTHER_KEY).openDataKey(owner, blob)
    await expect(lost).rejects.toMatchObject({
      code: 'EncryptionKeyUnavailable',
      message: `Master key ${keyring.keyId} is not configured.`,
    })
  })

  test('a key that is wrapped anew opens the same bytes with the present master key alone', async () => {
    const { blob, sealed } = await blobKey()
    const rotated = new Keyring(OTHER_KEY, [MASTER_KEY])
    const rewrapped = await rotated.rewrapDataKey(owner.bucket, blob)
    expect(rewrapped!.keyId).toBe(rotated.keyId)
    const opened = await new Keyring(OTHER_KEY).openDataKey(owner, { ...blob, ...rewrapped! })
    expect((await openWith(opened, sealed)).byteLength).toBe(8)
    expect(await rotated.rewrapDataKey(owner.bucket, { ...blob, ...rewrapped! })).toBe(null)
  })

  test('a key of a lost master key, or of another bucket, is not wrapped anew', async () => {
    const { blob } = await blobKey()
    const lost = { code: 'EncryptionKeyUnavailable' }
    await expect(new Keyring(OTHER_KEY).rewrapDataKey(owner.bucket, blob)).rejects.toMatchObject(lost)
    const other = { jurisdiction: 'default', name: 'others' } as const
    await expect(new Keyring(OTHER_KEY, [MASTER_KEY]).rewrapDataKey(other, blob)).rejects.toMatchObject(lost)
  })

  test("a customer's key is not ours to wrap", async () => {
    const { blob } = await blobKey({ ...owner, customerKey: customerKey(1) })
    expect(await new Keyring(OTHER_KEY, [MASTER_KEY]).rewrapDataKey(owner.bucket, blob)).toBe(null)
  })

  test("a customer's key opens its blob, whatever the master key is", async () => {
    const { blob, sealed } = await blobKey({ ...owner, customerKey: customerKey(1) })
    expect(blob.keyId).toBe(SSEC_KEY_ID)
    const key = await new Keyring(OTHER_KEY).openDataKey({ ...owner, customerKey: customerKey(1) }, blob)
    expect((await openWith(key, sealed)).byteLength).toBe(8)
  })

  test('another customer key, or none, is denied', async () => {
    const { blob } = await blobKey({ ...owner, customerKey: customerKey(1) })
    await expect(keyring.openDataKey({ ...owner, customerKey: customerKey(2) }, blob)).rejects.toMatchObject({ code: 'AccessDenied' })
    await expect(keyring.openDataKey(owner, blob)).rejects.toMatchObject({ code: 'AccessDenied' })
  })

  test("a customer's wrapped key does not open for another blob", async () => {
    const { blob } = await blobKey({ ...owner, customerKey: customerKey(1) })
    const moved = keyring.openDataKey({ ...owner, customerKey: customerKey(1) }, { ...blob, id: newBlobId() })
    await expect(moved).rejects.toMatchObject({ code: 'AccessDenied' })
  })

  test('the cache of bucket keys is bounded and right', async () => {
    const ring = new Keyring(MASTER_KEY)
    const { blob } = await blobKey()
    for (let i = 0; i < 600; i++) await ring.kekFor({ jurisdiction: 'default', name: `bucket-${i}` })
    await expect(ring.openDataKey(owner, blob)).resolves.toBeDefined()
    expect(await ring.kekFor(owner.bucket)).toBe(await ring.kekFor(owner.bucket))
  })
})

describe('small secrets', () => {
  test('a sealed secret opens for its purpose, and no two sealings are equal', async () => {
    const [a, b] = [await keyring.seal('token/1', 'sécret'), await keyring.seal('token/1', 'sécret')]
    expect(a).not.toBe(b)
    expect(await keyring.open('token/1', a)).toBe('sécret')
    expect(await new Keyring(OTHER_KEY, [MASTER_KEY]).open('token/1', b)).toBe('sécret')
  })

  test.each([
    ['for another purpose', 'token/2', (sealed: string) => sealed],
    ['after a change', 'token/1', (sealed: string) => sealed.replace(/.(?=.{8}$)/, (c) => (c === 'A' ? 'B' : 'A'))],
    ['cut short', 'token/1', (sealed: string) => sealed.slice(0, -8)],
    ['of another key', 'token/1', (sealed: string) => sealed.replace(/^.{8}/, '00000000')],
    ['that is none', 'token/1', () => ''],
  ])('a sealed secret %s does not open', async (_, purpose, alter) => {
    const sealed = alter(await keyring.seal('token/1', 'secret'))
    await expect(keyring.open(purpose, sealed)).rejects.toMatchObject({ code: 'EncryptionKeyUnavailable' })
  })
})
