import { dateField, headerDate } from './dates'
import { textField } from './text-field'
import type { WireConditions, WireEtags } from './wire'

/**
 * Reads `onlyIf` in both of its forms.
 * @throws TypeError, Error with the runtime's texts, before any request is sent.
 */
export function readOnlyIf(
  onlyIf: R2Conditional | Headers | null | undefined,
  on: 'GetOptions' | 'PutOptions',
): WireConditions | undefined {
  if (onlyIf === undefined || onlyIf === null) return undefined
  if (typeof onlyIf !== 'object') {
    throw new TypeError(`Incorrect type for the 'onlyIf' field on '${on}': the provided value is not of type 'Conditional or Headers'.`)
  }
  return onlyIf instanceof Headers ? fromHeaders(onlyIf) : fromObject(onlyIf)
}

function fromObject({ etagMatches, etagDoesNotMatch, uploadedBefore, uploadedAfter, secondsGranularity }: R2Conditional): WireConditions {
  return {
    etagMatches: singleEtag(textField(etagMatches, 'etagMatches', 'Conditional')),
    etagDoesNotMatch: singleEtag(textField(etagDoesNotMatch, 'etagDoesNotMatch', 'Conditional')),
    uploadedBeforeMs: dateField(uploadedBefore, 'uploadedBefore', 'Conditional'),
    uploadedAfterMs: dateField(uploadedAfter, 'uploadedAfter', 'Conditional'),
    secondsGranularity,
  }
}

function singleEtag(tag: string | undefined): WireEtags | undefined {
  if (tag === undefined) return undefined
  if (tag === '*') return '*'
  if (/^".*"$/s.test(tag)) throw new TypeError(`Conditional ETag should not be wrapped in quotes (${tag}).`)
  return [{ etag: tag, weak: false }]
}

function fromHeaders(headers: Headers): WireConditions {
  return {
    etagMatches: etagList(headers, 'if-match'),
    etagDoesNotMatch: etagList(headers, 'if-none-match'),
    uploadedBeforeMs: headerDate(headers.get('if-unmodified-since')),
    uploadedAfterMs: headerDate(headers.get('if-modified-since')),
    secondsGranularity: true,
  }
}

const TAG = /^(W\/)?"([^"]*)"/

/** The tags of a list, up to the first text that is not a tag. The rest of the list is ignored. */
function etagList(headers: Headers, name: string): WireEtags | undefined {
  const header = headers.get(name)
  if (header === null) return undefined
  const tags: { etag: string; weak: boolean }[] = []
  let rest = header.replace(/^[\s,]+/, '')
  while (/^[*W"]/.test(rest)) {
    if (rest.startsWith('*')) return '*'
    const [matched, weak, etag] = TAG.exec(rest) ?? []
    if (matched === undefined || etag === undefined) throw unreadable(rest)
    tags.push({ etag, weak: weak !== undefined })
    rest = rest.slice(matched.length).trimStart()
    const surprise = SURPRISES[rest.charAt(0)]
    if (surprise) throw new Error(`Comma was expected to separate etags. ${surprise}`)
    if (!rest.startsWith(',')) break
    rest = rest.replace(/^[\s,]+/, '')
  }
  if (tags.length === 0) throw new Error(`Invalid ETag in ${name} header`)
  return tags
}

const SURPRISES: Record<string, string | undefined> = {
  '*': "Encountered a wildcard character '*' instead.",
  '"': "Encountered a double quote character '\"' instead. This would otherwise indicate the start of a new strong etag.",
  W: "Encountered a weak quotation character 'W' instead. This would otherwise indicate the start of a new weak etag.",
}

function unreadable(rest: string): Error {
  const opened = /^(W\/)?"/.test(rest)
  return new Error(opened ? 'Unclosed double quote for Etag' : 'Weak etags must start with W/ and their value must be quoted')
}
