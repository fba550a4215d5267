import { expect, test } from 'vitest'
import { Keyring } from '../../src/segments/keyring.ts'
import { jobPurpose, openSecrets, resealSecrets, sealSecrets, sippyPurpose } from '../../src/sources/secrets.ts'

const key = (byte: number) => new Uint8Array(32).fill(byte).toBase64()
const SECRETS = { accessKeyId: 'id', secretAccessKey: 'very secret' }

test('credentials open for their purpose alone', async () => {
  const keyring = new Keyring(key(1))
  const purpose = sippyPurpose({ jurisdiction: 'eu', name: 'photos' })
  const sealed = await sealSecrets(keyring, purpose, SECRETS)
  expect(sealed).not.toContain('very secret')
  expect(await openSecrets(keyring, purpose, sealed)).toEqual(SECRETS)
  await expect(openSecrets(keyring, jobPurpose('1'), sealed)).rejects.toMatchObject({ code: 'EncryptionKeyUnavailable' })
})

test('a rotation seals them with the present key, once', async () => {
  const old = await sealSecrets(new Keyring(key(1)), 'p', SECRETS)
  const both = new Keyring(key(2), [key(1)])
  const resealed = await resealSecrets(both, 'p', old)
  expect(await openSecrets(new Keyring(key(2)), 'p', resealed ?? '')).toEqual(SECRETS)
  expect(await resealSecrets(both, 'p', resealed ?? '')).toBeUndefined()
  await expect(resealSecrets(new Keyring(key(2)), 'p', old)).rejects.toMatchObject({ code: 'EncryptionKeyUnavailable' })
})
