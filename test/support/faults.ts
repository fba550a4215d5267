import type { ByteSource } from '../../src/core/byte-source.ts'
import type { BucketApi } from '../../src/store/bucket-api.ts'

// Every call that the engine makes passes a gate here. The gate counts the calls and can make one of them go wrong.

/**
 * The ways in which one call goes wrong:
 * - `refused`: it fails and does nothing
 * - `down`: it and all later calls fail and do nothing
 * - `unanswered`: it is done, and its answer is lost
 * - `repeated`: it is done twice; the caller gets the second answer
 * - `late`: hours pass and alarms ring before it is done
 * - `gone`: the Worker ends before this call: neither it nor a later one is done, and the client gets no answer
 * - `gone afterwards`: the Worker ends directly after this call
 */
export const FAULTS = ['refused', 'down', 'unanswered', 'repeated', 'late', 'gone', 'gone afterwards'] as const
export type Fault = (typeof FAULTS)[number]

/** Calls that change nothing: a lost answer, or a repetition, makes no difference to them. */
export const isRead = (call: string): boolean =>
  /^(body\.|kv\.(get|list)|d1\.(all|first)|bucket\.(lookup|listParts|moreSlices|info|listBlobs|knownBlobs|keysOf|exportPage))/.test(call)
export const matters = (fault: Fault, call: string): boolean =>
  !isRead(call) || fault === 'refused' || fault === 'late' || fault === 'gone' || fault === 'down'

export interface Trap {
  readonly fault: Fault
  /** The number of the call, from 0. */
  readonly at: number
  /** Runs before a `late` call. */
  readonly meanwhile?: () => Promise<unknown>
  /** Ends the Worker when it is `gone`, if it does not just fall silent. */
  readonly end?: () => void
}

/** The error of a failed platform call: never a StoreError. */
export class Outage extends Error {}

/** The error that a client gets when its Worker is gone. */
export class Gone extends Error {}

const forever = <T>(): Promise<T> => new Promise<T>(() => {})

/** Counts calls and makes one of them go wrong. */
export class Gate {
  /** The names of the calls so far. */
  readonly calls: string[] = []
  #gone = false
  #leave: (gone: Gone) => void = () => {}
  readonly #trap: Trap | undefined
  readonly #departure: Promise<never>

  constructor(trap?: Trap) {
    this.#trap = trap
    this.#departure = new Promise((_, reject) => {
      this.#leave = reject
    })
    this.#departure.catch(() => {})
  }

  /** Waits for `work`, or throws {@link Gone} when the Worker is gone. */
  client<T>(work: Promise<T>): Promise<T> {
    work.catch(() => {})
    return Promise.race([work, this.#departure])
  }

  /** Makes a call, or lets it go wrong. It may run `perform` more than once. */
  async pass<T>(name: string, perform: () => Promise<T>): Promise<T> {
    if (this.#gone) return forever()
    const at = this.calls.push(name) - 1
    const trap = this.#trap
    const sprung = trap !== undefined && (at === trap.at || (at > trap.at && trap.fault === 'down'))
    return this.#heard(sprung ? await this.#spring(trap, name, perform) : await perform())
  }

  async #spring<T>({ fault, meanwhile }: Trap, name: string, perform: () => Promise<T>): Promise<T> {
    if (fault === 'gone') return this.#go()
    if (fault === 'refused' || fault === 'down') throw new Outage(`${name} was refused`)
    if (fault === 'late') await meanwhile?.()
    const answer = await perform()
    if (fault === 'repeated') return perform()
    if (fault === 'unanswered') throw new Outage(`the answer of ${name} was lost`)
    return fault === 'gone afterwards' ? this.#go() : answer
  }

  #heard<T>(answer: T): T | Promise<T> {
    return this.#gone ? forever() : answer
  }

  #go<T>(): Promise<T> {
    this.#gone = true
    this.#trap?.end?.()
    this.#leave(new Gone())
    return forever()
  }
}

/** An object whose methods pass a gate, except those that `changes` replaces. */
function gated<T extends object>(target: T, gate: Gate, label: string, changes: Partial<T> = {}): T {
  return new Proxy(target, {
    get(_, name) {
      const changed = Reflect.get(changes, name)
      if (changed !== undefined) return changed
      const value = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => gate.pass(`${label}.${String(name)}`, async () => Reflect.apply(value, target, args))
    },
  })
}

/** Calls to a Bucket. */
export const gatedBucket = (api: BucketApi, gate: Gate): BucketApi =>
  new Proxy(api, {
    get: (stub, name) => {
      const call = (args: unknown[]) => Reflect.apply(Reflect.get(stub, name), stub, args)
      return (...args: unknown[]) => gate.pass(`bucket.${String(name)}`, async () => call(args))
    },
  })

/** Calls to KV. The whole value arrives before it is stored, as in production, where half a body stores nothing. */
export const gatedKv = (kv: KVNamespace, gate: Gate): KVNamespace =>
  gated(kv, gate, 'kv', {
    put: (async (key: string, value: ReadableStream, options?: KVNamespacePutOptions) => {
      const whole = await new Response(value).arrayBuffer()
      await gate.pass('kv.put', () => kv.put(key, whole, options))
    }) as never,
  })

/** Calls to D1; to prepare or bind a statement is no call. */
export const gatedD1 = (db: D1Database, gate: Gate): D1Database => {
  const plain = new WeakMap<D1PreparedStatement, D1PreparedStatement>()
  const wrap = (statement: D1PreparedStatement): D1PreparedStatement => {
    const wrapped = gated(statement, gate, 'd1', { bind: (...values) => wrap(statement.bind(...values)) })
    plain.set(wrapped, statement)
    return wrapped
  }
  return gated(db, gate, 'd1', {
    prepare: (query) => wrap(db.prepare(query)),
    batch: ((statements: D1PreparedStatement[]) =>
      gate.pass('d1.batch', () => db.batch(statements.map((statement) => plain.get(statement) ?? statement)))) as never,
  })
}

/** A client's body. A repeated read returns the same bytes, since bytes arrive only once. */
export function gatedSource(source: ByteSource, gate: Gate): ByteSource {
  return {
    read: (size) => {
      let once: Promise<Uint8Array> | undefined
      const perform = () => {
        once ??= source.read(size)
        return once
      }
      return gate.pass('body.read', perform)
    },
    cancel: () => source.cancel(),
  }
}
