import { StoreError } from '../../../src/core/errors.ts'
import { bucketPath } from '../../../src/core/object.ts'
import type { SippySetting } from '../../../src/core/sippy.ts'
import { resealSecrets, sippyPurpose } from '../../../src/sources/secrets.ts'
import { readSetting, writeSetting } from '../../common/settings.ts'
import type { Context } from '../context.ts'
import { findBucketInfo } from '../state.ts'

/**
 * Runs when a Bucket starts: seals the credentials of Sippy with the present master key, after the master key was rotated. If their key is
 * lost, reads from the source fail until Sippy is enabled anew.
 */
export async function resealSippy({ sql, keyring }: Context): Promise<void> {
  const info = findBucketInfo(sql)
  const setting = readSetting<SippySetting>(sql, 'sippy')
  if (!keyring || !info || !setting) return
  try {
    const sealed = await resealSecrets(keyring, sippyPurpose({ jurisdiction: info.jurisdiction, name: info.name }), setting.sealed)
    if (sealed !== undefined) writeSetting(sql, 'sippy', { ...setting, sealed } satisfies SippySetting)
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    console.error(`The credentials of Sippy of ${bucketPath(info)} do not open: ${error.message}`)
  }
}
