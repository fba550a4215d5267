import * as z from 'zod'
import type { Permission } from '../../auth/policies.ts'
import type { ErrorCode } from '../../core/errors.ts'
import type { Answer, Call } from './call.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** The names between braces in a path; the one that ends in `+` takes slashes too. */
type ParamsOf<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? (Name extends `${infer Plain}+` ? Plain : Name) | ParamsOf<Rest>
  : never

/** One endpoint of the API reference: which requests are it, what they must look like, who may call it, and who answers. */
export interface Row<
  Path extends string,
  Query extends z.ZodType = z.ZodType,
  Headers extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Result extends z.ZodType = z.ZodType,
> {
  readonly op: string
  readonly method: Method
  /** Behind `/client/v4`. */
  readonly path: Path
  /** What the token must grant, on the bucket that the path names if it names one; `token`: any will do; `nobody`: not even one. */
  readonly needs: Permission | 'token' | 'nobody'
  /** What it must grant besides, on the account as a whole. */
  readonly needsOfAccount?: Permission
  readonly query?: Query
  readonly headers?: Headers
  readonly body?: Body
  readonly result?: Result
  readonly info?: z.ZodType
  /** The answer has no envelope: its media type. */
  readonly raw?: string
  /** Bytes are sent instead of JSON. */
  readonly upload?: true
  /** What an unknown token is told, when not the usual. */
  readonly unknownToken?: ErrorCode
  /** Absent: Cloudflare has it, and we do not yet. */
  readonly run?: (
    call: Call<{ params: ParamsOf<Path>; query: z.output<Query>; headers: z.output<Headers>; body: z.output<Body> }>,
  ) => Promise<Answer<z.input<Result>>>
}

// biome-ignore lint/suspicious/noExplicitAny: `route` has checked that the schemas and the operation fit together.
export type Route = Omit<Row<any>, 'run'> & { readonly pattern: RegExp; readonly run?: (call: any) => Promise<Answer<unknown>> }

/** A row of the table, its operation checked against its schemas. */
export function route<
  const Path extends string,
  Query extends z.ZodType = z.ZodUndefined,
  Headers extends z.ZodType = z.ZodUndefined,
  Body extends z.ZodType = z.ZodUndefined,
  Result extends z.ZodType = z.ZodAny,
>(row: Row<Path, Query, Headers, Body, Result>): Route {
  return { ...row, pattern: patternOf(row.path) } as unknown as Route
}

function patternOf(path: string): RegExp {
  const source = path.replaceAll('.', '\\.').replace(/\{(\w+)(\+?)\}/g, (_, name, rest) => `(?<${name}>${rest ? '.*' : '[^/]+'})`)
  return new RegExp(`^${source}$`)
}

/** An object whose members are all strings on the wire, as in queries and headers. */
export const isObjectSchema = (schema: z.ZodType | undefined): schema is z.ZodObject => schema instanceof z.ZodObject
