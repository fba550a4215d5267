import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Client, Driver, Place, ScenarioId, Verb } from '../client.ts'

export interface Scenario<Needs extends Verb = Verb> {
  readonly id: ScenarioId
  /** The heading of its column. */
  readonly title: string
  /** The verbs without which a client cannot do it. */
  readonly needs: readonly Needs[]
  /** Verbs that it uses if they are there; a client without one of them says so in its `notes`. */
  readonly partly?: readonly Verb[]
  /** Few clients have the verbs: why the others lack them, unless they give a reason of their own. */
  readonly rare?: string
  run(driver: Driver & Required<Pick<Driver, Needs>>, place: Place, client: Client): Promise<void>
}

/** Types a scenario by the verbs it needs. */
export const scenario = <Needs extends Verb>(definition: Scenario<Needs>): Scenario => definition as unknown as Scenario

/** A file of the place's folder, of random bytes or of those given. */
export function fileOf(place: Place, name: string, content: number | string | Uint8Array = 1000): { file: string; bytes: Buffer } {
  const bytes = typeof content === 'number' ? randomBytes(content) : Buffer.from(content)
  const file = join(place.folder, name)
  writeFileSync(file, bytes)
  return { file, bytes }
}

/** As JSON, whatever the order of an object's names. */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(actual) ?? 'null', JSON.stringify(expected) ?? 'null']
  if (!isDeepStrictEqual(JSON.parse(a), JSON.parse(b))) throw new Error(`${what}: ${cut(a)} instead of ${cut(b)}`)
}

export function expectTrue(condition: boolean, what: string): void {
  if (!condition) throw new Error(what)
}

export function expectBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  if (Buffer.compare(actual, expected) !== 0)
    throw new Error(`${what}: other bytes than expected (${actual.length} instead of ${expected.length})`)
}

export const expectFile = (file: string, expected: Uint8Array, what: string): void => expectBytes(readFileSync(file), expected, what)

/** Expects the server's refusal, and that the client passes it on. */
export async function expectRefused(call: () => Promise<unknown>, message: RegExp, what: string): Promise<void> {
  const said = await call().then(
    () => undefined,
    (error: Error) => error.message,
  )
  if (said === undefined) throw new Error(`${what}: was not refused`)
  if (!message.test(said)) throw new Error(`${what}: refused with ${cut(said)}`)
}

export async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(file)) hash.update(piece)
  return hash.digest('hex')
}

const cut = (text: string | undefined) => (text !== undefined && text.length > 600 ? `${text.slice(0, 600)}…` : text)
