import { StoreError } from '../core/errors.ts'
import type { FormFields } from '../core/form-fields.ts'
import type { FormCondition, FormPolicy } from './form-policy.ts'

/** The sizes of the file that a policy allows, in bytes. */
export interface AllowedSize {
  readonly minBytes: number
  readonly maxBytes: number
}

export interface FormFacts {
  readonly fields: FormFields
  /** The bucket that the request names. */
  readonly bucket: string
  readonly nowMs: number
}

/** Fields that need no condition. The last two are those of signatures of version 2. */
const EXEMPT = ['file', 'policy', 'x-amz-signature', 'awsaccesskeyid', 'signature']
const IGNORED_PREFIX = 'x-ignore-'

/**
 * Checks a form against its policy: it has not expired, each condition holds, and each field has a condition. The bucket needs a condition
 * as well, so that a form cannot be sent to another bucket.
 * @returns the sizes that the file may have
 * @throws StoreError AccessDenied
 */
export function checkForm(policy: FormPolicy, { fields, bucket, nowMs }: FormFacts): AllowedSize {
  if (nowMs > policy.expiresMs) throw denied('Policy expired.')
  const values = new Map([...fields].map(([name, { value }]) => [name, value]))
  values.set('bucket', bucket)
  const failed = policy.conditions.find((condition) => !holds(condition, values))
  if (failed) throw denied(`Policy Condition failed: ${failed.text}`)
  const extra = extraFields(policy, new Map([...fields].map(([id, { name }]) => [id, name])).set('bucket', 'bucket'))
  if (extra.length > 0) throw denied(`Extra input fields: ${extra.join(', ')}`)
  return allowedSize(policy)
}

function holds(condition: FormCondition, values: ReadonlyMap<string, string>): boolean {
  if (condition.kind === 'content-length-range') return !Number.isNaN(condition.min) && !Number.isNaN(condition.max)
  const { kind, field, value: wanted } = condition
  const value = values.get(field)
  if (value === undefined) return false
  if (kind === 'eq') return value === wanted
  // A list of types passes if each of them does.
  const items = field === 'content-type' ? value.split(',').map((item) => item.trim()) : [value]
  return items.every((item) => item.startsWith(wanted))
}

function extraFields({ conditions }: FormPolicy, names: ReadonlyMap<string, string>): string[] {
  const covered = new Set(conditions.map((condition) => (condition.kind === 'content-length-range' ? '' : condition.field)))
  const needsNone = (id: string) => EXEMPT.includes(id) || id.startsWith(IGNORED_PREFIX) || covered.has(id)
  return [...names].flatMap(([id, name]) => (needsNone(id) ? [] : [name]))
}

/** All ranges have to hold. */
function allowedSize({ conditions }: FormPolicy): AllowedSize {
  const ranges = conditions.filter((condition) => condition.kind === 'content-length-range')
  const minBytes = Math.max(0, ...ranges.map(({ min }) => min))
  const maxBytes = Math.min(Number.MAX_SAFE_INTEGER, ...ranges.map(({ max }) => max))
  return { minBytes, maxBytes }
}

const denied = (reason: string): StoreError => new StoreError('AccessDenied', { message: `Invalid according to Policy: ${reason}` })
