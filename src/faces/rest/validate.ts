import type * as z from 'zod'
import { ERRORS, type ErrorCode, invalidArgument, StoreError } from '../../core/errors.ts'
import { parseJson } from '../../core/json.ts'
import { type BodyBound, readText } from '../../http/bounded-body.ts'
import { checkJsonType } from '../../http/origin-guard.ts'
import { schemaMessage } from '../../http/schema-messages.ts'
import { isObjectSchema } from './route.ts'

/** Far more than any configuration needs. Memory holds the bytes, the text, and the values before and after the schema. */
const BOUND: BodyBound = {
  maxBytes: 1024 * 1024,
  copies: 6,
  tooLong: () => new StoreError('MalformedJSON', { message: 'The JSON you provided is too long.' }),
}

/**
 * Returns the headers that a schema names. An empty header counts as absent: wrangler sends `cf-r2-jurisdiction` empty for `-J ''`.
 * @throws StoreError InvalidArgument, or the error that the schema names
 */
export function readHeaders(schema: z.ZodType | undefined, headers: Headers): unknown {
  return isObjectSchema(schema)
    ? check(
        schema,
        pick(schema, (name) => headers.get(name) || undefined),
        'header',
      )
    : undefined
}

/**
 * Returns the parameters that a schema names, and ignores all others.
 * @throws StoreError InvalidArgument, or the error that the schema names
 */
export function readQuery(schema: z.ZodType | undefined, query: URLSearchParams): unknown {
  return isObjectSchema(schema)
    ? check(
        schema,
        pick(schema, (name) => query.get(name) ?? undefined),
        'parameter',
      )
    : undefined
}

/**
 * Returns a JSON body, or `undefined` without a body. It accepts any content type, because wrangler sends some bodies as text; it is
 * strict only for requests that a browser sent.
 * @throws StoreError MalformedJSON, InvalidRequest, or the error that the schema names
 */
export async function readBody(schema: z.ZodType | undefined, request: Request): Promise<unknown> {
  if (schema === undefined) return undefined
  if (request.body !== null) checkJsonType(request.headers)
  const text = await readText(request, BOUND)
  return check(schema, text === '' ? undefined : parseJson(text), 'body')
}

function pick(schema: z.ZodObject, read: (name: string) => string | undefined): Record<string, string | undefined> {
  return Object.fromEntries(Object.keys(schema.shape).map((name) => [name, read(name)]))
}

/** Checks a value against a schema. Reports the first problem only. */
function check(schema: z.ZodType, value: unknown, where: 'header' | 'parameter' | 'body'): unknown {
  const parsed = schema.safeParse(value, { error: schemaMessage })
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const { message, path } = issue as z.core.$ZodIssue
  // The message of a schema may be the name of one of our errors.
  if (message in ERRORS) throw new StoreError(message as ErrorCode)
  const place = path.map(String).join('.')
  if (where !== 'body') throw invalidArgument(`The ${where} ${place} ${message}`)
  if (value === undefined) throw new StoreError('MalformedJSON', { message: 'The request has no body: it needs one in JSON.' })
  throw new StoreError('MalformedJSON', { message: `${ERRORS.MalformedJSON.message} ${place || 'It'} ${message}.` })
}
