import { type BucketRef, bucketPath } from '../core/object.ts'
import type { Keyring } from '../segments/keyring.ts'

// The credentials of sources are stored in the row of their owner alone, sealed with the master key. Each owner seals for a purpose of its
// own, so that the sealed text of one row does not open in another.

/** Credentials by their names in the API, such as `secretAccessKey`. */
export type SourceSecrets = Readonly<Record<string, string>>

/** The purpose of the credentials that a bucket's Sippy uses. */
export const sippyPurpose = (bucket: BucketRef): string => `sippy/${bucketPath(bucket)}`

/** The purpose of the credentials that a job uses. */
export const jobPurpose = (id: string): string => `job/${id}`

/** Seals credentials with the present master key. */
export const sealSecrets = (keyring: Keyring, purpose: string, secrets: SourceSecrets): Promise<string> =>
  keyring.seal(purpose, JSON.stringify(secrets))

/**
 * Opens credentials.
 * @throws StoreError EncryptionKeyUnavailable if their master key is not configured, or they were sealed for another purpose
 */
export const openSecrets = async (keyring: Keyring, purpose: string, sealed: string): Promise<SourceSecrets> =>
  JSON.parse(await keyring.open(purpose, sealed)) as SourceSecrets

/**
 * Seals credentials again with the present master key, for a rotation.
 * @returns undefined if they are sealed with it already
 * @throws StoreError EncryptionKeyUnavailable
 */
export async function resealSecrets(keyring: Keyring, purpose: string, sealed: string): Promise<string | undefined> {
  return keyring.isPresent(sealed) ? undefined : keyring.seal(purpose, await keyring.open(purpose, sealed))
}
