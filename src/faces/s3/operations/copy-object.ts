import { invalidArgument } from '../../../core/errors.ts'
import { METADATA_DIRECTIVES, type MetadataDirective } from '../../../core/metadata.ts'
import type { Conditions } from '../../../core/object.ts'
import { measureObject } from '../../../core/operations.ts'
import { readConditions } from '../../../http/conditions.ts'
import { readCustomerKey } from '../../../http/ssec.ts'
import { readTaggingDirective } from '../../../http/tagging.ts'
import type { ObjectCall } from '../call.ts'
import { readCopySource } from '../copy-source.ts'
import { renderCopyObjectResult } from '../xml/copy-results.ts'
import { xmlResponse } from '../xml/xml-response.ts'
import { readPutOptions, writtenHeaders } from './put-object.ts'

/** Copies an object. Conditions on the destination have R2's own names, `cf-copy-destination-if-*`, and S3's: `If-Match`, `If-None-Match`. */
export async function copyObject(call: ObjectCall): Promise<Response> {
  const { headers, store, at } = call
  checkCustomerKeys(headers)
  const directive = readDirective(headers.get('x-amz-metadata-directive'))
  const taggingDirective = readTaggingDirective(headers)
  const options = { ...readPutOptions(call), directive, taggingDirective, conditions: destinationConditions(call) }
  const head = await store.copyObject(at, readCopySource(call), options)
  measureObject(call.measure, head)
  return xmlResponse(renderCopyObjectResult(head), [...writtenHeaders(head), ['x-amz-copy-source-version-id', head.sourceVersion]])
}

/** Checks both customer keys first: R2 checks them with the other headers, before it reads the rest of the request. */
function checkCustomerKeys(headers: Headers): void {
  readCustomerKey(headers, '')
  readCustomerKey(headers, 'copy-source-')
}

function readDirective(value: string | null): MetadataDirective {
  if (value === null) return 'COPY'
  const directive = METADATA_DIRECTIVES.find((known) => known === value)
  if (!directive) throw invalidArgument(`metadata directive ${value}.`)
  return directive
}

/** Where a client sends R2's headers and those of S3, all of them must hold. */
function destinationConditions({ headers, config }: ObjectCall): Conditions {
  const conditions = readConditions(headers, 'cf-copy-destination-')
  if (!config.allows('plainCopyConditions')) return conditions
  const { ifMatch, ifNoneMatch } = readConditions(headers)
  return ifMatch === undefined && ifNoneMatch === undefined ? conditions : { ...conditions, also: { ifMatch, ifNoneMatch } }
}
