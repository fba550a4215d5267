import type * as z from 'zod'
import type { BucketRef } from '../../../core/object.ts'
import type { BucketSettings, SettingName } from '../../../core/settings.ts'
import { type Answer, bucketOf, type RestCall } from '../call.ts'
import { JurisdictionHeader, Nothing } from '../common-schemas.ts'
import { BUCKET } from '../paths.ts'
import { type Route, route } from '../route.ts'

/** How the REST API reads and writes one bucket setting as JSON. */
export interface SettingCodec<Name extends SettingName, Result extends z.ZodType, Body extends z.ZodType> {
  readonly setting: Name
  /** The last segment of the path. */
  readonly path: string
  /** The name of the setting within the names of its operations: `Cors` makes GetBucketCors. */
  readonly noun: string
  readonly result: Result
  readonly toRest: (value: BucketSettings[Name]) => z.input<Result>
  readonly body: Body
  /** Returns `null` if the body removes the setting. */
  readonly fromRest: (body: z.output<Body>) => BucketSettings[Name] | null
  /** Checks whether a bucket may have the setting at all. @throws StoreError */
  readonly checkFor?: (bucket: BucketRef) => void
  /** Whether the API has a DELETE for the setting. */
  readonly deletable: boolean
}

type SettingCall<Body = unknown> = RestCall<{ params: 'bucket_name'; headers: JurisdictionHeader; body: Body }>

/** Makes the routes of a setting. */
export function settingRoutes<Name extends SettingName, Result extends z.ZodType, Body extends z.ZodType>(
  codec: SettingCodec<Name, Result, Body>,
): readonly Route[] {
  const { setting, noun } = codec
  const common = { path: `${BUCKET}/${codec.path}` as typeof BUCKET, headers: JurisdictionHeader }
  const change = { ...common, needs: 'bucket:write', result: Nothing } as const
  const get = async (call: SettingCall): Promise<Answer<z.input<Result>>> => ({
    result: codec.toRest(await call.store.getSetting(bucketOf(call), setting)),
  })
  const remove = async (call: SettingCall): Promise<Answer<Record<string, never>>> => {
    await call.store.deleteSetting(bucketOf(call), setting, call.by())
    return { result: {} }
  }
  const put = async (call: SettingCall<z.output<Body>>): Promise<Answer<Record<string, never>>> => {
    const value = codec.fromRest(call.body)
    if (value === null) return remove(call)
    codec.checkFor?.(bucketOf(call))
    await call.store.putSetting(bucketOf(call), setting, value, call.by())
    return { result: {} }
  }
  return [
    route({ ...common, op: `GetBucket${noun}`, method: 'GET', needs: 'bucket:read', result: codec.result, run: get }),
    route({ ...change, op: `PutBucket${noun}`, method: 'PUT', body: codec.body, run: put }),
    ...(codec.deletable ? [route({ ...change, op: `DeleteBucket${noun}`, method: 'DELETE', run: remove })] : []),
  ]
}
