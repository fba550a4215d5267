import { permits } from '../../../auth/session-scope.ts'
import { StoreError } from '../../../core/errors.ts'
import type { ToDelete } from '../../../store/bucket-api.ts'
import type { BucketCall } from '../call.ts'
import { entryConditions } from '../delete-conditions.ts'
import { readXmlBody } from '../upload.ts'
import { type DeleteEntry, parseDelete } from '../xml/delete.ts'
import { renderDeleteResult } from '../xml/delete-result.ts'
import { xmlResponse } from '../xml/xml-response.ts'

/** The failure of a key that the credentials do not cover: temporary credentials may be limited to some keys. */
const ACCESS_DENIED = { code: 'AccessDenied', detail: {} } as const

/** Deletes objects. Lists every deleted key, even with `Quiet`, as R2 does. */
export async function deleteObjects(call: BucketCall): Promise<Response> {
  const { entries } = parseDelete(await readXmlBody(call))
  const mayDelete = ({ key }: DeleteEntry) =>
    permits(call.identity, { needs: 'object:write', action: 'DeleteObjects', bucket: call.bucket, key })
  const wanted = entries.filter(mayDelete).map((entry) => toDelete(entry, call))
  const deleted = (await call.store.deleteObjects(call.bucket, wanted)).values()
  const results = entries.map((entry) => {
    const failure = mayDelete(entry) ? deleted.next().value?.failure : ACCESS_DENIED
    if (!failure) return { key: entry.key }
    return { key: entry.key, error: { code: failure.code, message: new StoreError(failure.code, failure.detail).message } }
  })
  return xmlResponse(renderDeleteResult(results))
}

function toDelete(entry: DeleteEntry, { config }: BucketCall): ToDelete {
  const onlyIf = entryConditions(entry, config)
  return onlyIf ? { key: entry.key, onlyIf } : entry.key
}
