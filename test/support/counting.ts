import type { Env } from '../../src/env.ts'

/** The operations that the platform bills: calls of a Durable Object, statements and batches of D1, operations of KV. */
export interface Calls {
  bucket: number
  d1: number
  kv: number
}

/** The same bindings, with counters. `take` returns the operations since it was last called. */
export function countingEnv(env: Env): { env: Env; take: () => Calls } {
  let calls: Calls = { bucket: 0, d1: 0, kv: 0 }
  const count = (kind: keyof Calls) => () => {
    calls[kind]++
  }
  const BUCKETS = wrap(env.BUCKETS, {
    get: (namespace, ...args) => wrapStub((namespace.get as (...a: unknown[]) => DurableObjectStub)(...args), count('bucket')),
  })
  const take = () => {
    const taken = calls
    calls = { bucket: 0, d1: 0, kv: 0 }
    return taken
  }
  const database = (db: D1Database) =>
    wrap(db, {
      prepare: (target, query) => statement(target.prepare(query as string), count('d1')),
      batch: (target, statements) => {
        count('d1')()
        return target.batch((statements as Statement[]).map((one) => one[REAL] ?? one))
      },
    })
  const SEGMENTS_KV = wrap(
    env.SEGMENTS_KV,
    Object.fromEntries(['get', 'put', 'delete', 'list', 'getWithMetadata'].map((name) => [name, called(name, count('kv'))])),
  )
  return { env: { ...env, BUCKETS, CONTROL: database(env.CONTROL), SEGMENTS: database(env.SEGMENTS), SEGMENTS_KV }, take }
}

const REAL = Symbol('the statement behind a counting one')
type Statement = D1PreparedStatement & { [REAL]?: D1PreparedStatement }
type Replacements<T> = Record<string, (target: T, ...args: unknown[]) => unknown>

/** An object with some methods replaced; the other methods run on the object itself. */
function wrap<T extends object>(object: T, methods: Replacements<T>): T {
  return new Proxy(object, {
    get(target, name) {
      const replaced = methods[name as string]
      if (replaced) return (...args: unknown[]) => replaced(target, ...args)
      const value = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

const called =
  (name: string, count: () => void) =>
  <T extends object>(target: T, ...args: unknown[]): unknown => {
    count()
    // Not `method.apply(…)`: on the method of a stub that would be a call too.
    return Reflect.apply(Reflect.get(target, name) as (...a: unknown[]) => unknown, target, args)
  }

/** Every method of a stub is a call. */
const wrapStub = (stub: DurableObjectStub, count: () => void): DurableObjectStub =>
  new Proxy(stub, {
    get:
      (target, name) =>
      (...args: unknown[]) =>
        called(name as string, count)(target, ...args),
  })

function statement(real: D1PreparedStatement, count: () => void): D1PreparedStatement {
  const counted = Object.fromEntries(['run', 'all', 'first', 'raw'].map((name) => [name, called(name, count)]))
  const proxy = wrap(real, { ...counted, bind: (target, ...values) => statement(target.bind(...values), count) })
  return new Proxy(proxy, { get: (target, name) => (name === REAL ? real : Reflect.get(target, name)) })
}
