import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { StoreError } from '../../core/errors.ts'
import type { Conditions, CustomerKey, ObjectHead, RangeRequest, StorageClass } from '../../core/object.ts'
import type { WireConditions, WireCreateOptions, WireObject, WireRange } from '../../r2-bucket/wire.ts'
import type { PutOptions } from '../../store/objects/put-object.ts'

/** Conditions as the engine evaluates them: to the millisecond and strictly, as R2's binding does. */
export function readOnlyIf(onlyIf: WireConditions | undefined): Conditions | undefined {
  if (!onlyIf) return undefined
  return {
    ifMatch: onlyIf.etagMatches,
    ifNoneMatch: onlyIf.etagDoesNotMatch,
    ifModifiedSinceMs: onlyIf.uploadedAfterMs,
    ifUnmodifiedSinceMs: onlyIf.uploadedBeforeMs,
    secondsGranularity: onlyIf.secondsGranularity,
    strictlyBefore: true,
  }
}

/**
 * A range as the engine resolves it. A `Range` header that is wrong, or asks for several ranges, is ignored.
 * @throws StoreError InvalidRange
 */
export function readWireRange(range: WireRange | undefined): RangeRequest | undefined {
  if (!range) return undefined
  if ('header' in range) return readRangeHeader(range.header)
  const { offset = 0, length, suffix } = range
  for (const number of [offset, length ?? 1, suffix ?? 1]) {
    if (!Number.isSafeInteger(number) || number < 0) throw new StoreError('InvalidRange')
  }
  if (suffix !== undefined) return { suffix }
  return { offset, length, unsatisfiable: 'empty' }
}

const RANGE_HEADER = /^ *bytes *= *(?:(\d{1,15}) *- *(\d{1,15})?|- *(\d{1,15})) *$/i

function readRangeHeader(header: string): RangeRequest | undefined {
  const [matched, first, last, suffix] = RANGE_HEADER.exec(header) ?? []
  if (matched === undefined) return undefined
  if (suffix !== undefined) return { suffix: Number(suffix), unsatisfiable: 'whole' }
  if (last === undefined) return { offset: Number(first), unsatisfiable: 'whole' }
  const length = Number(last) - Number(first) + 1
  return length > 0 ? { offset: Number(first), length, unsatisfiable: 'whole' } : undefined
}

/** The client has checked the form of the key. */
export function readSsecKey(hex: string | undefined): CustomerKey | undefined {
  if (hex === undefined) return undefined
  const key = new Uint8Array(Buffer.from(hex, 'hex'))
  if (key.length !== 32) throw new StoreError('InvalidArgument')
  return { key, keyMd5: createHash('md5').update(key).digest('base64') }
}

/** What a put and a multipart upload have in common. Nothing is guessed about the content's type. */
export function readCreateOptions(options: WireCreateOptions): PutOptions {
  return {
    customerKey: readSsecKey(options.ssecKey),
    storageClass: readStorageClass(options.storageClass),
    httpMetadata: options.httpMetadata ?? {},
    customMetadata: options.customMetadata ?? {},
    sniff: false,
  }
}

/** @throws StoreError InvalidStorageClass */
function readStorageClass(name: string | undefined): StorageClass | undefined {
  if (name === undefined || name === 'Standard' || name === 'InfrequentAccess') return name
  throw new StoreError('InvalidStorageClass')
}

/** An object as the client shows it. */
export function toWire(head: ObjectHead): WireObject {
  const { key, version, size, etag, uploadedMs, storageClass, httpMetadata, customMetadata, hashes, ssecKeyMd5 } = head
  return {
    ...{ key, version, size, etag, uploadedMs, storageClass, httpMetadata, customMetadata, hashes },
    // The binding's one MD5 in hex that S3 has in base64.
    ssecKeyMd5: ssecKeyMd5 && Buffer.from(ssecKeyMd5, 'base64').toString('hex'),
  }
}
