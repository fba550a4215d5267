import type { ObjectHead } from '../../../core/object.ts'
import type { ObjectParts } from '../../../store/bucket-api.ts'
import { checksumElement, storageClassElement } from './common-elements.ts'
import { document, element, optionalElement, textElement } from './writer.ts'

/** The attributes that a client can ask for, in the order in which S3 writes them. */
export const ATTRIBUTES = ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize'] as const
export type AttributeName = (typeof ATTRIBUTES)[number]

/** A page of parts, and how the client asked for it. */
type Page = NonNullable<ObjectParts['parts']> & { readonly after: number; readonly maxParts: number }

interface Attributes {
  readonly wanted: readonly AttributeName[]
  readonly head: ObjectHead
  readonly parts?: Page
}

/** Writes `GetObjectAttributesResponse`. */
export const renderGetObjectAttributes = (attributes: Attributes): string =>
  document(
    'GetObjectAttributesResponse',
    ...ATTRIBUTES.filter((name) => attributes.wanted.includes(name)).map((name) => WRITERS[name](attributes)),
  )

/** The ETag has no quotes here. An attribute that the object does not have is left out. */
const WRITERS: Readonly<Record<AttributeName, (attributes: Attributes) => string>> = {
  ETag: ({ head }) => textElement('ETag', head.etag),
  Checksum: ({ head: { checksum } }) =>
    checksum ? element('Checksum', checksumElement(checksum), textElement('ChecksumType', checksum.type)) : '',
  ObjectParts: ({ head, parts }) => (parts ? partsElement(parts, head.partsCount) : ''),
  StorageClass: ({ head }) => storageClassElement(head.storageClass),
  ObjectSize: ({ head }) => textElement('ObjectSize', head.size),
}

/** S3 lists parts only if they have checksums of their own. These are gone once the upload is completed, but the sizes are known. */
const partsElement = ({ list, truncated, after, maxParts }: Page, partsCount: number | undefined): string =>
  element(
    'ObjectParts',
    optionalElement('PartsCount', partsCount),
    textElement('PartNumberMarker', after),
    optionalElement('NextPartNumberMarker', list.at(-1)?.partNumber),
    textElement('MaxParts', maxParts),
    textElement('IsTruncated', truncated),
    ...list.map(({ partNumber, size }) => element('Part', textElement('PartNumber', partNumber), textElement('Size', size))),
  )
