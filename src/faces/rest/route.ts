import * as z from 'zod'
import type { Permission } from '../../auth/policies.ts'
import type { ErrorCode } from '../../core/errors.ts'
import type { Answer, RestCall } from './call.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** The names between braces in a path. A name that ends in `+` also matches slashes. */
type ParamsOf<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? (Name extends `${infer Plain}+` ? Plain : Name) | ParamsOf<Rest>
  : never

/** One endpoint of the API reference: its method and path, the schemas of its requests, who may call it, and its operation. */
export interface Row<
  Path extends string,
  Query extends z.ZodType = z.ZodType,
  Headers extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Result extends z.ZodType = z.ZodType,
> {
  readonly op: string
  readonly method: Method
  /** The path after `/client/v4`. */
  readonly path: Path
  /**
   * The permission that the token must grant: on the bucket, if the path names one. With `token`, any valid token may call it. With
   * `nobody`, a request needs no token.
   */
  readonly needs: Permission | 'token' | 'nobody'
  /** A second permission that the token must grant, on the account as a whole. */
  readonly needsOfAccount?: Permission
  readonly query?: Query
  readonly headers?: Headers
  readonly body?: Body
  /** Whether a request with this query needs no body; one that it has is ignored. */
  readonly ignoresBody?: (query: URLSearchParams) => boolean
  readonly result?: Result
  readonly info?: z.ZodType
  /** The media type of an answer that has no envelope. */
  readonly raw?: string
  /** The status of a success, if it is not 200. */
  readonly status?: 201
  /** Requests send bytes instead of JSON. */
  readonly upload?: true
  /** The error for an unknown token. Default: InvalidAccessToken. */
  readonly unknownToken?: ErrorCode
  /** Absent when Cloudflare has the endpoint and Cairn does not have it yet. */
  readonly run?: (
    call: RestCall<{ params: ParamsOf<Path>; query: z.output<Query>; headers: z.output<Headers>; body: z.output<Body> }>,
  ) => Promise<Answer<z.input<Result>>>
}

// biome-ignore lint/suspicious/noExplicitAny: `route` has checked that the operation fits the schemas.
export type Route = Omit<Row<any>, 'run'> & { readonly pattern: RegExp; readonly run?: (call: any) => Promise<Answer<unknown>> }

/** Makes a row of the table. The types check its operation against its schemas. */
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

/** Whether a schema is an object. Queries and headers have such schemas: all their members are strings on the wire. */
export const isObjectSchema = (schema: z.ZodType | undefined): schema is z.ZodObject => schema instanceof z.ZodObject
