import { StoreError } from '../../core/errors.ts'
import { TooLate } from '../../core/timeout.ts'
import type { SourceFailure } from '../../sources/source.ts'
import { failedVerdict, type Item, LARGEST_BYTES, lineOf, type Verdict } from './migration.ts'

/** Classes from which nothing can be read before it is restored. */
const ARCHIVES: readonly string[] = ['GLACIER', 'DEEP_ARCHIVE']

/** Codes of a source that concern the credentials, so that no object can be read with them. */
const LOST_CREDENTIALS: readonly string[] = [
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'ExpiredToken',
  'InvalidToken',
  'AccountProblem',
  'NotSignedUp',
]

/** Nothing can be copied any more, so that the step ends. */
class Fatal extends StoreError {}

/** The verdict on an object that the listing alone rules out. */
export function ruledOut({ key, size = 0, storageClass }: Item): Verdict | undefined {
  if (storageClass !== undefined && ARCHIVES.includes(storageClass)) {
    const line = lineOf('importSkippedStorageClass', key, `The object is in the storage class ${storageClass}.`)
    return { kind: 'skipped', line }
  }
  if (size <= LARGEST_BYTES) return undefined
  return { kind: 'skipped', line: lineOf('importSkippedOversized', key, `The object has ${size} bytes: more than 1 TB.`) }
}

/**
 * The verdict on an object that the source did not give.
 * @throws StoreError InvalidRequest when no object can be read from the source any more
 */
export function verdictOfFailure(key: string, failure: SourceFailure): Verdict {
  const { kind, message, code = '' } = failure
  if (kind === 'no-bucket' || LOST_CREDENTIALS.includes(code)) throw new Fatal('InvalidRequest', { message: textOf(failure) })
  if (kind === 'archived') return { kind: 'skipped', line: lineOf('importSkippedRequiresRetrieval', key, message) }
  if (isPassing(failure)) {
    return { kind: 'retry', whose: 'source', error: sourceError(failure), throttled: kind === 'throttled', afterMs: failure.retryAfterMs }
  }
  return failedVerdict(key, message)
}

/** Whether the same request may succeed later. An object that changed is read anew. */
export const isPassing = ({ kind }: SourceFailure): boolean => kind === 'throttled' || kind === 'unreachable' || kind === 'changed'

/** The failure of a source as an error of a step. One that passes has a status that makes the job repeat the step. */
export const sourceError = (failure: SourceFailure): StoreError =>
  new StoreError(isPassing(failure) ? 'ServiceUnavailable' : 'InvalidRequest', { message: textOf(failure) })

const textOf = ({ message }: SourceFailure): string => `The source failed: ${message}`

/** Errors of the engine that concern the whole bucket. */
const FATAL: readonly string[] = ['NoSuchBucket', 'EncryptionKeyUnavailable']
/** The bytes were not those that the source announced. */
const BROKEN: readonly string[] = ['IncompleteBody', 'BadDigest']

/**
 * The verdict on an object that could not be written.
 * @throws StoreError when no object can be written any more
 */
export function verdictOfError(key: string, error: unknown): Verdict {
  if (error instanceof TooLate) return { kind: 'retry', whose: 'source', error, throttled: false }
  if (!(error instanceof StoreError)) return { kind: 'retry', whose: 'target', error: error as Error, throttled: false }
  if (error instanceof Fatal || FATAL.includes(error.code)) throw error
  if (BROKEN.includes(error.code)) return { kind: 'retry', whose: 'source', error, throttled: false }
  if (error.status >= 500 || error.status === 429) return { kind: 'retry', whose: 'target', error, throttled: false }
  return failedVerdict(key, `${error.code}: ${error.message}`)
}
