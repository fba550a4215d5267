import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { StoreError } from '../../core/errors.ts'
import type { Conditions, CustomerKey, ObjectHead, RangeRequest, StorageClass } from '../../core/object.ts'
import type { WireConditions, WireCreateOptions, WireObject, WireRange } from '../../r2-bucket/wire.ts'
import type { PutOptions } from '../../store/objects/put-object.ts'

/** Converts conditions for the engine: precise to the millisecond and strict, as in R2's binding. */
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
 * Converts a range for the engine. Ignores a malformed `Range` header, or one with several ranges.
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

/** Reads a customer's key. The client library has already checked its form. */
export function readSsecKey(hex: string | undefined): CustomerKey | undefined {
  if (hex === undefined) return undefined
  const key = new Uint8Array(Buffer.from(hex, 'hex'))
  if (key.length !== 32) throw new StoreError('InvalidArgument')
  return { key, keyMd5: createHash('md5').update(key).digest('base64') }
}

/** Reads the options that a put and a multipart upload share. The content type is never guessed. */
export function readCreateOptions(options: WireCreateOptions): PutOptions {
  return {
    customerKey: readSsecKey(options.ssecKey),
    storageClass: readStorageClass(options.storageClass),
    httpMetadata: options.httpMetadata ?? {},
    customMetadata: options.customMetadata ?? {},
    dialect: 'binding',
  }
}

/** @throws StoreError InvalidStorageClass */
function readStorageClass(name: string | undefined): StorageClass | undefined {
  if (name === undefined || name === 'Standard' || name === 'InfrequentAccess') return name
  throw new StoreError('InvalidStorageClass')
}

/** Returns an object in the form that the client library shows. */
export function toWire(head: ObjectHead): WireObject {
  const { key, version, size, etag, uploadedMs, storageClass, httpMetadata, customMetadata, hashes, ssecKeyMd5 } = head
  return {
    ...{ key, version, size, etag, uploadedMs, storageClass, httpMetadata, customMetadata, hashes },
    // The binding has this MD5 in hex, S3 in base64.
    ssecKeyMd5: ssecKeyMd5 && Buffer.from(ssecKeyMd5, 'base64').toString('hex'),
  }
}
