import type { Identity } from '../../auth/authenticate.ts'
import { checkForm } from '../../auth/check-form.ts'
import { parseFormPolicy } from '../../auth/form-policy.ts'
import { permits } from '../../auth/session-scope.ts'
import { invalidArgument, StoreError } from '../../core/errors.ts'
import { type FormFields, fieldValue } from '../../core/form-fields.ts'
import { checkKey } from '../../core/key.ts'
import type { BucketRef } from '../../core/object.ts'
import { actorOf } from '../../http/actor.ts'
import { type Form, readForm } from '../../http/form/read-form.ts'
import type { S3Call } from './call.ts'
import { withoutEmpty } from './empty-headers.ts'
import { checkExpectedOwners } from './expected-owner.ts'
import { postObject } from './operations/post-object.ts'
import type { Route } from './route.ts'
import { screenHeaders } from './screening.ts'
import { refuseUnknownParameters } from './unknown-parameters.ts'

/** An upload form of a browser. It carries its signature in its body, so no row of the route table can find it. */
export const POST_OBJECT: Route = {
  op: 'PostObject',
  on: 'bucket',
  method: 'POST',
  needs: 'object:write',
  refuses: 'write',
  parameters: [],
  allowance: 'postForms',
  note: 'browser forms with a signed policy: every condition, the name of the file in fields, redirects, tags, checksums, session tokens',
}

/** A form that has arrived, and how to find out who signed it. */
export interface FormArrival extends Pick<S3Call, 'request' | 'url' | 'store' | 'config' | 'accountId' | 'measure'> {
  readonly bucket: BucketRef
  readonly nowMs: number
  /** Verifies the signature of the form. */
  readonly identify: (fields: FormFields) => Promise<Identity>
  /** Throws when the databases are not ready. */
  readonly ready: () => Promise<void>
}

/**
 * Answers an upload form of a browser (POST Object): signature, policy, headers, permission, and then the operation.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
 * @throws StoreError
 */
export async function answerForm({ identify, ready, nowMs, ...arrival }: FormArrival): Promise<Response> {
  const { request, config, bucket } = arrival
  const form = await readForm(request)
  const identity = await identify(form.fields)
  const policy = parseFormPolicy(fieldValue(form.fields, 'policy') ?? '')
  const file = form.file(checkForm(policy, { fields: form.fields, bucket: bucket.name, nowMs }))
  const headers = formHeaders(form, config)
  checkExpectedOwners(headers, POST_OBJECT, { accountId: arrival.accountId, allows: config.allows })
  screenHeaders(headers, POST_OBJECT.refuses ?? 'none', config)
  const key = fieldValue(form.fields, 'key') ?? ''
  checkKey(key)
  // The form is another way to make the same object, so who may put the object may post it.
  if (!permits(identity, { needs: POST_OBJECT.needs, action: 'PutObject', bucket, key })) throw new StoreError('AccessDenied')
  await ready()
  refuseUnknownParameters(POST_OBJECT, arrival.url.searchParams)
  const by = () => actorOf(request, identity, 'S3')
  const { jurisdiction } = bucket
  const call = { ...arrival, headers, payload: { kind: 'unsigned' } as const, identity, jurisdiction, by, at: { bucket, key } }
  return postObject(call, { fields: form.fields, file })
}

/** Fields that mean a header of the same name, and one that means another. */
const NAMED: ReadonlyMap<string, string> = new Map([
  ...['content-type', 'content-encoding', 'content-disposition', 'content-language', 'content-md5', 'cache-control', 'expires'].map(
    (name): [string, string] => [name, name],
  ),
  ['acl', 'x-amz-acl'],
])
/** Fields that sign the form and say nothing about the object. */
const SIGNING = /^x-amz-(?:algorithm|credential|date|signature|security-token)$/

/** Returns the fields that PutObject knows as headers. */
function formHeaders({ fields }: Form, { allows }: Pick<S3Call['config'], 'allows'>): Headers {
  const headers = new Headers()
  for (const [id, { name, value }] of fields) {
    const header = NAMED.get(id) ?? (id.startsWith('x-amz-') && !SIGNING.test(id) ? id : undefined)
    if (header !== undefined) setHeader(headers, header, { name, value })
  }
  return allows('emptyHeaders') ? withoutEmpty(headers) : headers
}

function setHeader(headers: Headers, header: string, { name, value }: { name: string; value: string }): void {
  try {
    headers.set(header, value)
  } catch {
    throw invalidArgument(`The field '${name}' cannot be a header: a line break, or a character that its name may not have.`)
  }
}
