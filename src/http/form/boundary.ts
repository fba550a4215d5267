import { StoreError } from '../../core/errors.ts'

/** RFC 2046 allows 70 characters. */
const BOUNDARY_LENGTH = 70
/** Parameters of a header, each a token or a quoted text. */
const PARAMETER = /[ \t]*;[ \t]*([!#$%&'*+.^_`|~\w-]+)=(?:"([^"\\]*)"|([^\s"\\;]+))/y
const BOUNDARY = /^[!-~](?:[ -~]*[!-~])?$/

/**
 * Reads the boundary of an upload form from its `Content-Type`.
 * @throws StoreError PreconditionFailed for another type, MalformedPOSTRequest without a usable boundary
 */
export function readBoundary(contentType: string | null): string {
  const [type = ''] = (contentType ?? '').split(';', 1)
  if (type.trim().toLowerCase() !== 'multipart/form-data') throw notAForm()
  const boundary = parameterOf(contentType!.slice(type.length).trimEnd(), 'boundary')
  if (boundary === undefined || boundary.length > BOUNDARY_LENGTH || !BOUNDARY.test(boundary)) throw malformedForm()
  return boundary
}

/** Returns a parameter; `undefined` when there is none, or when any parameter is malformed or repeats. */
function parameterOf(text: string, wanted: string): string | undefined {
  const parameters = new Map<string, string>()
  PARAMETER.lastIndex = 0
  for (let at = 0; at < text.length; at = PARAMETER.lastIndex) {
    const match = PARAMETER.exec(text)
    const name = match?.[1]?.toLowerCase()
    if (!match || name === undefined || parameters.has(name)) return undefined
    parameters.set(name, match[2] ?? match[3] ?? '')
  }
  return parameters.get(wanted)
}

const notAForm = (): StoreError =>
  new StoreError('PreconditionFailed', { fields: { Condition: 'Bucket POST must be of the enclosure-type multipart/form-data' } })

/** S3's error for a form that it cannot take apart. */
export const malformedForm = (): StoreError => new StoreError('MalformedPOSTRequest')
