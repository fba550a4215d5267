import { StoreError } from '../core/errors.ts'
import { parseIsoDate } from '../core/iso-date.ts'

/** A condition of a policy about one field, or about the size of the file. */
export type FormCondition =
  | { readonly kind: 'eq' | 'starts-with'; readonly field: string; readonly value: string; readonly text: string }
  | { readonly kind: 'content-length-range'; readonly min: number; readonly max: number; readonly text: string }

/** The policy of an upload form: what its signer allows, and for how long. */
export interface FormPolicy {
  readonly expiresMs: number
  readonly conditions: readonly FormCondition[]
}

const MEMBERS = ['expiration', 'conditions']

/**
 * Reads the policy of an upload form: JSON in base64.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
 * @throws StoreError InvalidPolicyDocument
 */
export function parseFormPolicy(base64: string): FormPolicy {
  const document = parseJson(decodeText(base64))
  if (typeof document !== 'object' || document === null || Array.isArray(document)) throw invalid('Invalid JSON.')
  const unexpected = Object.keys(document).find((name) => !MEMBERS.includes(name))
  if (unexpected !== undefined) throw invalid(`Unexpected: "${unexpected}"`)
  const { expiration, conditions } = document as Record<string, unknown>
  if (expiration === undefined) throw invalid('Policy missing expiration.')
  if (conditions === undefined) throw invalid('Policy missing conditions.')
  if (!Array.isArray(conditions)) throw invalid("Invalid 'conditions' value: must be a List.")
  return { expiresMs: readExpiration(expiration), conditions: conditions.map(readCondition) }
}

function decodeText(base64: string): string {
  try {
    // Some clients leave out the padding, and others break the lines.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(Uint8Array.fromBase64(base64))
  } catch {
    throw invalid('Invalid JSON.')
  }
}

function parseJson(text: string): unknown {
  try {
    // A policy may write a literal dollar as `\$`, which JSON does not know.
    return JSON.parse(text.replace(/\\[\\$]/g, (found) => (found === '\\$' ? '$' : found)))
  } catch {
    throw invalid('Invalid JSON.')
  }
}

function readExpiration(value: unknown): number {
  const expiresMs = typeof value === 'string' && value.includes('T') ? parseIsoDate(value) : undefined
  if (expiresMs === undefined) throw invalid(`Invalid 'expiration' value: '${typeof value === 'object' ? '' : String(value)}'`)
  return expiresMs
}

function readCondition(condition: unknown): FormCondition {
  if (Array.isArray(condition)) return readList(condition)
  if (typeof condition !== 'object' || condition === null) throw invalid('Invalid Condition: must be a List or an Object.')
  const [entry, ...others] = Object.entries(condition)
  if (!entry || others.length > 0) throw invalid('Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.')
  const [name, value] = entry
  if (typeof value !== 'string') throw invalid('Invalid Simple-Condition: value must be a string.')
  return { kind: 'eq', field: name.toLowerCase(), value, text: textOf(['eq', `$${name}`, value]) }
}

function readList(list: readonly unknown[]): FormCondition {
  const [operation, first, second, ...others] = list
  if (typeof operation !== 'string') throw invalid('Invalid Condition: the operation must be a string.')
  const kind = operation.toLowerCase()
  if (kind !== 'eq' && kind !== 'starts-with' && kind !== 'content-length-range') {
    throw invalid(`Invalid Condition: unknown operation '${operation}'.`)
  }
  if (second === undefined || others.length > 0) throw invalid('Invalid Condition: wrong number of arguments.')
  if (kind === 'content-length-range') return { kind, min: readSize(first), max: readSize(second), text: textOf(list) }
  if (typeof first !== 'string' || typeof second !== 'string') throw invalid('Invalid Condition: the arguments must be strings.')
  // A name without its dollar names no field, so the condition can never be met.
  return { kind, field: first.startsWith('$') ? first.slice(1).toLowerCase() : '', value: second, text: textOf(list) }
}

/** A number, or its decimal digits. NaN for anything else: no size is in such a range. */
function readSize(value: unknown): number {
  const digits = typeof value === 'number' ? String(value) : value
  return typeof digits === 'string' && /^\d{1,15}$/.test(digits) ? Number(digits) : Number.NaN
}

/** A condition as S3 prints it in errors. A list or an object is only named: it is no argument, and may be nested without end. */
const textOf = (list: readonly unknown[]): string =>
  `[${list.map((item) => (typeof item === 'object' && item !== null ? '…' : JSON.stringify(item))).join(', ')}]`

const invalid = (reason: string): StoreError => new StoreError('InvalidPolicyDocument', { message: `Invalid Policy: ${reason}` })
