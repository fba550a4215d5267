import type { Config } from '../../config.ts'
import type { Allowance } from '../../core/allowances.ts'
import { headerNotImplemented } from '../../core/errors.ts'

// The headers that an operation refuses, in R2's order. An operation ignores the headers that only other operations refuse.

const owner = ['x-amz-expected-bucket-owner']
const sourceOwner = ['x-amz-source-expected-bucket-owner']
const mfa = ['x-amz-mfa', 'x-amz-bypass-governance-retention']
const grants = ['full-control', 'read', 'read-acp', 'write', 'write-acp'].map((grant) => `x-amz-grant-${grant}`)
const sourceConditions = ['match', 'none-match', 'modified-since', 'unmodified-since'].map((name) => `x-amz-copy-source-if-${name}`)
const checksumAlgorithms = ['x-amz-sdk-checksum-algorithm', 'x-amz-checksum-algorithm']
const taggingHeaders = ['x-amz-tagging', 'x-amz-tagging-directive']
const write = [
  ...owner,
  'x-amz-tagging',
  ...grants,
  'x-amz-website-redirect-location',
  'x-amz-object-lock-mode',
  'x-amz-object-lock-retain-until-date',
  'x-amz-object-lock-legal-hold',
  'x-amz-server-side-encryption-aws-kms-key-id',
  'x-amz-server-side-encryption-context',
  'x-amz-server-side-encryption-bucket-key-enabled',
]

/** The refused headers of each group of operations. */
export const REFUSED = {
  none: [],
  read: owner,
  write,
  copy: [...write, ...sourceOwner, 'x-amz-tagging-directive', 'x-amz-checksum-algorithm'],
  uploadPart: [...owner, 'x-amz-server-side-encryption'],
  uploadPartCopy: [...owner, ...sourceOwner, ...sourceConditions],
  delete: [...owner, ...mfa],
  createBucket: ['x-amz-acl', ...grants, ...owner],
  configure: [...owner, ...checksumAlgorithms],
} as const satisfies Record<string, readonly string[]>

export type RefusedGroup = keyof typeof REFUSED

const CANNED_ACLS = [
  'private',
  'public-read',
  'public-read-write',
  'authenticated-read',
  'aws-exec-read',
  'bucket-owner-read',
  'bucket-owner-full-control',
]

/**
 * Refuses headers that ask for something which we cannot do.
 * @throws StoreError NotImplemented
 */
export function screenHeaders(headers: Headers, group: RefusedGroup, { allows, strict }: Pick<Config, 'allows' | 'strict'>): void {
  for (const name of REFUSED[group]) {
    const value = headers.get(name)
    if (value === null) continue
    const allowance = allowanceOf(group, name, value)
    if (!allowance || !allows(allowance)) throw headerNotImplemented(name, value)
  }
  if (group === 'write' || group === 'copy') screenWriteValues(headers)
  if ((group === 'write' || group === 'copy') && !strict) screenUnknownWrites(headers)
  if (group === 'createBucket' && headers.get('x-amz-bucket-object-lock-enabled')?.toLowerCase() === 'true') {
    throw headerNotImplemented('x-amz-bucket-object-lock-enabled', 'true')
  }
}

/** Returns the allowance that lifts one of R2's refusals: we support the header, or it asks for what happens anyway. */
function allowanceOf(group: RefusedGroup, name: string, value: string): Allowance | undefined {
  if (owner.includes(name) || sourceOwner.includes(name)) return 'expectedOwner'
  if (group === 'delete' && name === 'x-amz-bypass-governance-retention') return 'governanceBypass'
  if (group === 'uploadPartCopy' && sourceConditions.includes(name)) return 'partCopyConditions'
  if (taggingHeaders.includes(name)) return 'tagging'
  if (group === 'configure' && checksumAlgorithms.includes(name)) return 'configurationChecksums'
  if (group === 'createBucket' && name === 'x-amz-acl' && value === 'private') return 'privateBucketAcl'
  return undefined
}

/** Accepts and ignores canned ACLs and AES256: every object is private and encrypted anyway. Refuses other values. */
function screenWriteValues(headers: Headers): void {
  const encryption = headers.get('x-amz-server-side-encryption')
  if (encryption !== null && encryption !== 'AES256') throw headerNotImplemented('x-amz-server-side-encryption', encryption)
  const acl = headers.get('x-amz-acl')
  if (acl !== null && !CANNED_ACLS.includes(acl)) throw headerNotImplemented('x-amz-acl', acl)
}

/** Headers that change what a write does on S3, and that R2 does not know. It would replace the object by what is to be appended, for instance. */
const UNKNOWN_TO_R2 = [
  'x-amz-write-offset-bytes',
  'x-amz-rename-source',
  'x-amz-object-lock-event-hold',
  'x-amz-object-lock-event-hold-duration-days',
  'x-amz-object-lock-event-hold-duration-years',
]

function screenUnknownWrites(headers: Headers): void {
  for (const name of UNKNOWN_TO_R2) {
    const value = headers.get(name)
    if (value !== null) throw headerNotImplemented(name, value)
  }
}
