import { StoreError } from '../core/errors.ts'

/** The id of the master key that a sealed text is under. */
export const sealedUnder = (sealed: string): string => sealed.split('.', 1)[0] ?? ''

/** Why nothing is sealed: the data that is there is under a key that is not configured. */
export function unknownKey(whose: 'bucket' | 'account', keyId: string): StoreError {
  const message =
    `The data of this ${whose} is under the master key ${keyId}, which is not configured: MASTER_KEY is another one. Nothing was written. ` +
    'Set MASTER_KEY to that key, or put it into OLD_MASTER_KEYS; if it is lost for good, put its id into LOST_MASTER_KEYS.'
  return new StoreError('ServiceUnavailable', { message })
}
