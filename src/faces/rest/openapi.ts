import * as z from 'zod'
import type { Answer } from './call.ts'
import { isObjectSchema, type Route } from './route.ts'
import { ROUTES } from './routes.ts'

type Json = Record<string, unknown>

let document: Json | undefined

/** Returns the OpenAPI document of this API. It is made from the same schemas that validate requests. */
export async function getOpenApi(): Promise<Answer<never>> {
  document ??= openApiDocument(ROUTES)
  return Response.json(document)
}

/** https://spec.openapis.org/oas/v3.1.1.html */
export function openApiDocument(routes: readonly Route[]): Json {
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    // Another spelling of an endpoint that is in the document already.
    if (route.path.endsWith('/')) continue
    const path = route.path.replace('+}', '}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) }
  }
  return {
    openapi: '3.1.1',
    info: { title: 'Cairn', version: '4', description: 'The R2 part of the Cloudflare API v4, as Cairn answers it.' },
    servers: [{ url: '/client/v4' }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { Failure: jsonSchema(Failure, 'output') },
    },
  }
}

const Failure = z.object({
  success: z.literal(false),
  errors: z.array(z.object({ code: z.int(), message: z.string() })).min(1),
  messages: z.array(z.unknown()),
  result: z.null(),
})

function operation(route: Route): Json {
  const { op, needs, query, headers, body, upload, run } = route
  const content = upload ? { 'application/octet-stream': {} } : body && { 'application/json': { schema: jsonSchema(body, 'input') } }
  return {
    operationId: op,
    ...(needs === 'nobody' ? { security: [] } : {}),
    parameters: [...pathParameters(route.path), ...parameters('query', query), ...parameters('header', headers)],
    ...(content ? { requestBody: { required: upload === true || !body?.safeParse(undefined).success, content } } : {}),
    responses: {
      ...(run ? { [route.status ?? 200]: success(route) } : {}),
      default: { description: 'Failure', content: { 'application/json': { schema: { $ref: '#/components/schemas/Failure' } } } },
    },
  }
}

function success({ raw, result, info }: Route): Json {
  if (raw !== undefined) return { description: 'Success', content: { [raw]: {} } }
  const envelope = z.object({
    success: z.literal(true),
    errors: z.array(z.unknown()).max(0),
    messages: z.array(z.unknown()),
    result: result ?? z.unknown(),
    ...(info ? { result_info: info } : {}),
  })
  return { description: 'Success', content: { 'application/json': { schema: jsonSchema(envelope, 'output') } } }
}

function pathParameters(path: string): Json[] {
  return [...path.matchAll(/\{(\w+)\+?\}/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string' } }))
}

function parameters(place: 'query' | 'header', schema: z.ZodType | undefined): Json[] {
  if (!isObjectSchema(schema)) return []
  return Object.entries(schema.shape).map(([name, member]) => ({
    name,
    in: place,
    required: !(member as z.ZodType).safeParse(undefined).success,
    schema: jsonSchema(member as z.ZodType, 'input'),
  }))
}

/** Converts a schema. OpenAPI 3.1 uses JSON Schema 2020-12, which zod writes. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return rest
}
