import { StoreError } from './errors.ts'
import { LIMITS } from './limits.ts'

/** A field of an upload form. */
export interface FormField {
  /** The name as it was sent. */
  readonly name: string
  readonly value: string
}

/** The fields of an upload form in front of its file, by name in lowercase. */
export type FormFields = ReadonlyMap<string, FormField>

/**
 * Collects fields. Of a field that repeats the last one counts; values of `x-amz-meta-*` are joined, as headers are.
 */
export function collectFields(fields: Iterable<FormField>): FormFields {
  const collected = new Map<string, FormField>()
  for (const field of fields) {
    const id = field.name.toLowerCase()
    const before = id.startsWith('x-amz-meta-') ? collected.get(id) : undefined
    collected.set(id, before ? { ...field, value: `${before.value},${field.value}` } : field)
  }
  return collected
}

/** The value of a field; `undefined` when the form does not have it. The name is in lowercase. */
export const fieldValue = (fields: FormFields, name: string): string | undefined => fields.get(name)?.value

/** Fields that sign the others, and so stay as they are. */
const SIGNING = ['policy', 'x-amz-signature']

const FILENAME = `\${filename}`

/**
 * Replaces `${filename}` in all values by the name of the file, as S3 does before it looks at the policy. The result is limited as the
 * fields themselves are: a long name in many places would make megabytes of 20 KB, before anybody has proved who sends them.
 * @throws StoreError MaxPostPreDataLengthExceeded
 */
export function withFilename(fields: FormFields, filename: string): FormFields {
  let room = LIMITS.formFieldBytes
  const fill = (value: string): string => {
    const between = value.split(FILENAME)
    room -= value.length + (between.length - 1) * (filename.length - FILENAME.length)
    if (room < 0) throw new StoreError('MaxPostPreDataLengthExceeded')
    return between.join(filename)
  }
  const filled = [...fields].map(([id, field]): [string, FormField] => [
    id,
    SIGNING.includes(id) ? field : { ...field, value: fill(field.value) },
  ])
  return new Map(filled)
}
