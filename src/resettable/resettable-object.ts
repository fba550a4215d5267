import type { DurableObject } from 'cloudflare:workers'
import type { Env } from '../env.ts'
import { DEFINED, type Defined, insertion, quoted, type TableRows, tablesOf } from './dump.ts'

/** Everything that a Durable Object stores. */
export interface ObjectDump {
  readonly defined: readonly Defined[]
  readonly tables: readonly TableRows[]
  readonly alarmMs: number | null
}

/** The calls that a reset needs. */
export interface ResetApi {
  dump(): Promise<ObjectDump>
  restore(dump: ObjectDump | undefined): Promise<never>
}

/** The bindings of the classes that hold data. */
export type Namespace = 'BUCKETS' | 'JOBS'

/** The ids of all objects that were used, by the bindings of their classes. A reset visits them. */
export const used: Readonly<Record<Namespace, Set<string>>> = { BUCKETS: new Set(), JOBS: new Set() }

type ObjectClass<T extends DurableObject<Env>> = new (state: DurableObjectState, env: Env) => T

/** Returns a class whose objects can be emptied, and can be put back into an earlier state. */
export function resettable<T extends DurableObject<Env>>(Stored: ObjectClass<T>, namespace: Namespace, prepare: (env: Env) => Env) {
  const Base = Stored as ObjectClass<DurableObject<Env>>
  class Resettable extends Base implements ResetApi {
    readonly #state: DurableObjectState

    constructor(state: DurableObjectState, env: Env) {
      super(state, prepare(env))
      this.#state = state
      used[namespace].add(state.id.toString())
    }

    async dump(): Promise<ObjectDump> {
      const { sql } = this.#state.storage
      const defined = definedIn(sql)
      const tables = tablesOf(defined).map(({ name }) => ({ table: name, rows: sql.exec(`SELECT * FROM ${quoted(name)}`).toArray() }))
      return { defined, tables, alarmMs: await this.#state.storage.getAlarm() }
    }

    /**
     * Empties the object; with a dump, writes that state. Then ends the object: the next call starts it anew, with an empty memory.
     * @throws Error with the message RESTARTED
     */
    async restore(dump: ObjectDump | undefined): Promise<never> {
      const { storage } = this.#state
      if (dump === undefined) await storage.deleteAll()
      else await write(storage, dump)
      await storage.sync()
      this.#state.abort(RESTARTED)
      throw new Error(RESTARTED)
    }
  }
  return Resettable
}

/** The message of a call that restarts its object. */
export const RESTARTED = 'The object restarts after a reset.'

async function write(storage: DurableObjectStorage, { defined, tables, alarmMs }: ObjectDump): Promise<void> {
  const isSame = JSON.stringify(definedIn(storage.sql)) === JSON.stringify(defined)
  const has = (type: string) => defined.filter((each) => each.type === type)
  if (!isSame) await storage.deleteAll()
  storage.transactionSync(() => {
    if (isSame) clear(storage.sql, { defined, tables })
    else for (const { sql } of [...has('table'), ...has('index')]) storage.sql.exec(sql)
    for (const { table, rows } of tables) {
      for (const row of rows) {
        const { sql, values } = insertion(table, row)
        storage.sql.exec(sql, ...values)
      }
    }
    for (const { sql } of has('trigger')) storage.sql.exec(sql)
  })
  await (alarmMs === null ? storage.deleteAlarm() : storage.setAlarm(alarmMs))
}

/** Deletes all rows, and the triggers, which would write rows of their own. */
function clear(sql: SqlStorage, { defined, tables }: Pick<ObjectDump, 'defined' | 'tables'>): void {
  for (const { name } of defined.filter(({ type }) => type === 'trigger')) sql.exec(`DROP TRIGGER ${quoted(name)}`)
  for (const { table } of tables) sql.exec(`DELETE FROM ${quoted(table)}`)
}

const definedIn = (sql: SqlStorage): Defined[] => sql.exec(DEFINED).toArray() as unknown as Defined[]
