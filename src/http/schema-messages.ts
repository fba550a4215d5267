import type * as z from 'zod'

type Issue = z.core.$ZodRawIssue

/**
 * Says what is wrong with a value, in words for its sender: the second half of a sentence that begins with the place of the value. Pass
 * it as `error` to zod's `parse`. A schema's own texts take precedence.
 */
export function schemaMessage(issue: Issue): string {
  if (issue.input === undefined && issue.code !== 'custom') return 'is missing'
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${KINDS[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return `must be ${listOf(issue.values.map((value) => JSON.stringify(value)))}`
    case 'too_big':
      return `must ${issue.inclusive ? 'not be' : 'be'} ${bound(issue, issue.inclusive ? 'more' : 'less', issue.maximum)}`
    case 'too_small':
      if (issue.minimum === 1 && issue.origin !== 'number' && issue.origin !== 'int') return 'must not be empty'
      return `must ${issue.inclusive ? 'not be' : 'be'} ${bound(issue, issue.inclusive ? 'less' : 'more', issue.minimum)}`
    case 'invalid_format':
      return `must be ${FORMATS[issue.format] ?? `of the form ${issue.pattern ?? issue.format}`}`
    case 'unrecognized_keys':
      return `must not have ${listOf(issue.keys.map((key) => JSON.stringify(key.slice(0, LONGEST_NAME))))}: there is no such member, or it is not supported`
    case 'invalid_union':
      return 'has none of the forms that are possible here'
    default:
      return 'is not valid'
  }
}

const LONGEST_NAME = 64
/** The most names that one sentence lists. */
const MOST_NAMES = 10

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
}

const FORMATS: Readonly<Record<string, string>> = {
  datetime: 'a time, such as "2026-05-01T12:00:00Z"',
  date: 'a date, such as "2026-05-01"',
}

function listOf(names: readonly string[]): string {
  if (names.length > MOST_NAMES) return `${names.slice(0, MOST_NAMES).join(', ')} and others`
  return names.length < 2 ? (names[0] ?? 'nothing') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
}

/** Returns, for example, `longer than 5 characters`, `more than 50 items` or `less than 0`. */
function bound({ origin }: { origin: string }, than: 'more' | 'less', limit: number | bigint): string {
  if (origin === 'string') return `${than === 'more' ? 'longer' : 'shorter'} than ${limit} character${limit === 1 ? '' : 's'}`
  if (origin === 'array' || origin === 'set')
    return `a list of ${than === 'more' ? 'more' : 'fewer'} than ${limit} item${limit === 1 ? '' : 's'}`
  return `${than} than ${limit}`
}
