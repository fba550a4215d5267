import type { Env } from '../env.ts'

/** Segments in KV that belong to the first state. Nothing deletes them, because a reset brings back the objects that refer to them. */
const spared = new Set<string>()

let current: { readonly given: Env; readonly env: Env; readonly close: () => void } | undefined
let generation = 0

/**
 * Returns the bindings for requests of this time. The caches of an isolate belong to the object of its bindings, or to that of a database.
 * So a reset makes new ones, and everything that was cached before is forgotten.
 */
export function currentEnv(given: Env): Env {
  if (current === undefined) {
    isolateCache()
    current = { given, ...freshEnv(given) }
  }
  return current.env
}

/** Forgets all caches. Work of earlier requests that has not ended can no longer write to the account's database. */
export function renewEnv(): void {
  current?.close()
  current = undefined
  generation++
}

/** Adds segments to those that nothing deletes. */
export function spare(names: Iterable<string>): void {
  for (const name of names) spared.add(name)
}

export const isSpared = (name: string): boolean => spared.has(name)

/** Returns the bindings for a Durable Object, which collects garbage: it cannot delete a segment of the first state. */
export const sparing = (env: Env): Env => ({ ...env, SEGMENTS_KV: sparingKv(env.SEGMENTS_KV) })

function freshEnv(given: Env): { env: Env; close: () => void } {
  let isOpen = true
  const db = given.CONTROL
  // The counts of operations are written some seconds later: those of an earlier time are dropped.
  const batch = async (statements: D1PreparedStatement[]) => (isOpen ? db.batch(statements) : statements.map(() => NOTHING_WRITTEN))
  const close = () => {
    isOpen = false
  }
  return { env: { ...given, CONTROL: overlaid(db, { batch: batch as D1Database['batch'] }) }, close }
}

const NOTHING_WRITTEN = { success: true, results: [], meta: { changes: 0 } }

function sparingKv(kv: KVNamespace): KVNamespace {
  const remove = async (key: string): Promise<void> => {
    if (!isSpared(key)) await kv.delete(key)
  }
  return overlaid(kv, { delete: remove })
}

/** Returns an object with some methods replaced. The others run on the object itself, since a platform object accepts no other `this`. */
function overlaid<T extends object>(object: T, methods: Partial<T>): T {
  return new Proxy(object, {
    get(target, name) {
      const own = Reflect.get(methods, name)
      if (own !== undefined) return own
      const value = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** Gives each time its own entries in the cache of public objects: a reset must not leave answers behind. */
function isolateCache(): void {
  const { default: shared } = caches
  const at = (key: RequestInfo | URL): RequestInfo => {
    const request = new Request(key as RequestInfo)
    const url = new URL(request.url)
    url.searchParams.append('cairn-generation', String(generation))
    return new Request(url, request)
  }
  if (generation > 0) Object.defineProperty(caches, 'default', { configurable: true, value: cacheAt(shared, at) })
}

const cacheAt = (cache: Cache, at: (key: RequestInfo | URL) => RequestInfo): Cache =>
  overlaid(cache, {
    match: (key: RequestInfo | URL, options?: CacheQueryOptions) => cache.match(at(key), options),
    put: (key: RequestInfo | URL, response: Response) => cache.put(at(key), response),
    delete: (key: RequestInfo | URL, options?: CacheQueryOptions) => cache.delete(at(key), options),
  } as Partial<Cache>)
