import type { Allowance } from '../../../core/allowances.ts'
import { StoreError } from '../../../core/errors.ts'
import type { SettingName } from '../../../core/settings.ts'
import type { BucketCall } from '../call.ts'
import { readXmlBody } from '../upload.ts'
import { xmlResponse } from '../xml/xml-response.ts'
import type { Configuration, Verb } from './configuration.ts'
import { cors } from './cors.ts'
import { lifecycle } from './lifecycle.ts'
import { tagging } from './tagging.ts'

type Run = (call: BucketCall) => Promise<Response>

/** The settings that the S3 API can read and write. Locks and notifications can only be written over REST, as on R2. */
const CONFIGURATIONS: readonly Record<Verb, Row>[] = [rowsOf(cors), rowsOf(lifecycle), rowsOf(tagging)]

interface Row {
  readonly op: string
  readonly subresource: string
  readonly refuses: 'read' | 'configure'
  readonly note?: string
  readonly allowance?: Allowance
  readonly run: Run
}

/** Returns the route of each setting for one verb. */
export const configurationRows = (verb: Verb): Row[] => CONFIGURATIONS.map((rows) => rows[verb])

function rowsOf<Name extends SettingName>(configuration: Configuration<Name>): Record<Verb, Row> {
  const row = (verb: Verb, refuses: Row['refuses'], run: Run): Row => {
    const { ops, subresource, notes, allowance } = configuration
    return { op: ops[verb], subresource, refuses, note: notes?.[verb], allowance, run }
  }
  return {
    GET: row('GET', 'read', (call) => get(configuration, call)),
    PUT: row('PUT', 'configure', (call) => put(configuration, call)),
    DELETE: row('DELETE', 'read', (call) => remove(configuration, call)),
  }
}

async function get<Name extends SettingName>({ setting, render, empty }: Configuration<Name>, call: BucketCall): Promise<Response> {
  const value = await call.store.getSetting(call.bucket, setting)
  if (empty && Array.isArray(value) && value.length === 0) throw new StoreError(empty)
  return xmlResponse(render(value))
}

async function put<Name extends SettingName>({ setting, parse, putStatus }: Configuration<Name>, call: BucketCall): Promise<Response> {
  await call.store.putSetting(call.bucket, setting, parse(await readXmlBody(call), call.config.allows), call.by())
  return new Response(null, { status: putStatus ?? 200 })
}

async function remove<Name extends SettingName>({ setting }: Configuration<Name>, call: BucketCall): Promise<Response> {
  await call.store.deleteSetting(call.bucket, setting, call.by())
  return new Response(null, { status: 204 })
}
