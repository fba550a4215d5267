import { StoreError } from '../core/errors.ts'

/** The id of the master key that sealed a text. */
export const sealedUnder = (sealed: string): string => sealed.split('.', 1)[0] ?? ''

/** The error if existing data is sealed with a master key that is not configured: nothing may then be sealed with another one. */
export function unknownKey(whose: 'bucket' | 'account', keyId: string): StoreError {
  const message =
    `The data of this ${whose} is under the master key ${keyId}, which is not configured: MASTER_KEY is another one. Nothing was written. ` +
    'Set MASTER_KEY to that key, or put it into OLD_MASTER_KEYS; if it is lost for good, put its id into LOST_MASTER_KEYS.'
  return new StoreError('ServiceUnavailable', { message })
}
