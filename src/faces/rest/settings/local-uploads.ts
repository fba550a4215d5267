import * as z from 'zod'
import { invalidArgument } from '../../../core/errors.ts'
import type { SettingCodec } from './setting-routes.ts'

const Configuration = z.strictObject({ enabled: z.boolean() })

/** Whether uploads are stored near their sender first. On R2 too, a bucket of a jurisdiction cannot have it: its bytes must not leave. */
export const localUploads: SettingCodec<'localUploads', typeof Configuration, typeof Configuration> = {
  setting: 'localUploads',
  path: 'local-uploads',
  noun: 'LocalUploads',
  result: Configuration,
  toRest: ({ enabled }) => ({ enabled }),
  body: Configuration,
  fromRest: ({ enabled }) => (enabled ? { enabled } : null),
  checkFor({ jurisdiction }) {
    if (jurisdiction !== 'default') throw invalidArgument('Local uploads are not for buckets of a jurisdiction.')
  },
  deletable: false,
}
