import { invalidArgument } from '../core/errors.ts'
import { parseTaggingHeader, TAGGING_DIRECTIVES, type TaggingDirective, type TagSet } from '../core/tags.ts'

/**
 * Reads `x-amz-tagging`, the tags of an object that is about to be written.
 * @throws StoreError InvalidArgument, BadRequest, InvalidTag
 */
export function readTagging(headers: Headers): TagSet | undefined {
  const header = headers.get('x-amz-tagging')
  return header === null ? undefined : parseTaggingHeader(header)
}

/**
 * Reads `x-amz-tagging-directive`, which says whose tags a copy gets.
 * @throws StoreError InvalidArgument
 */
export function readTaggingDirective(headers: Headers): TaggingDirective {
  const value = headers.get('x-amz-tagging-directive') ?? 'COPY'
  const directive = TAGGING_DIRECTIVES.find((known) => known === value)
  if (!directive) throw invalidArgument('Unknown tagging directive.')
  return directive
}
