import { ACCOUNT } from './paths.ts'
import { type Method, type Route, route } from './route.ts'

/** Endpoints that Cloudflare has and Cairn does not have yet: methods, path, and the name that the 501 response prints. */
const ROWS: readonly (readonly [methods: string, path: string, op: string])[] = [
  ['GET', `${ACCOUNT}/r2-catalog`, 'DataCatalogs'],
  ['GET POST', `${ACCOUNT}/r2-catalog/{path+}`, 'DataCatalog'],
  ['GET', `${ACCOUNT}/basin-catalog`, 'BasinCatalogs'],
  ['GET POST', `${ACCOUNT}/basin-catalog/{path+}`, 'BasinCatalog'],
]

/** Rows without an operation. They answer 501 for any valid token, and 401 without one. */
export const NOT_YET: readonly Route[] = ROWS.flatMap(([methods, path, op]) =>
  methods.split(' ').map((method) => route({ op: `${verbOf(method)}${op}`, method: method as Method, path, needs: 'token' })),
)

function verbOf(method: string): string {
  return { GET: 'Get', POST: 'Create', PUT: 'Put', PATCH: 'Update', DELETE: 'Delete' }[method] ?? ''
}
