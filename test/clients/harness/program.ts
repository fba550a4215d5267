import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import type { Client, Driver, Place, Verb } from './client.ts'

export interface Ran {
  readonly out: string
  readonly err: string
}

type RunOptions = { cwd?: string; env?: Record<string, string>; input?: string }

/** Runs a command line tool in the place's folder and environment. Rejects with all it printed when it fails. */
export async function run(
  place: Place,
  command: readonly string[],
  { cwd = place.folder, env = {}, input }: RunOptions = {},
): Promise<Ran> {
  return execute(command, { cwd, env: { ...place.env, ...env }, signal: place.signal, input })
}

/** {@link run} for what is done before there is a place: versions, installations. */
export async function execute(
  command: readonly string[],
  { input, ...options }: { cwd?: string; env?: NodeJS.ProcessEnv; signal?: AbortSignal; input?: string } = {},
): Promise<Ran> {
  const [program = '', ...args] = command
  const child = spawn(program, args, { ...options, killSignal: 'SIGKILL', stdio: ['pipe', 'pipe', 'pipe'] })
  const [out, err] = [collect(child.stdout), collect(child.stderr)]
  child.stdin.on('error', () => {}) // It may not read what it is given.
  child.stdin.end(input)
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${command.join(' ').slice(0, 300)}: exit ${code}\n${out()}\n${err()}`.trim())
  return { out: out(), err: err() }
}

/**
 * Starts a driver program and returns its verbs. It reads one request a line, `{"verb": "put", "args": {...}}` with the argument of
 * {@link Driver}'s verb, and answers each with a line: `{"ok": value}`, or `{"error": "what the server said"}`. Its first line, before any request,
 * is `{"verbs": ["put", ...]}`. It ends when its input ends. What it prints to standard error is shown when it dies.
 */
export async function openProgram(
  place: Place,
  command: readonly string[],
  { cwd = place.folder, env = {} }: RunOptions = {},
): Promise<Driver> {
  const [program = '', ...args] = command
  const child = spawn(program, args, { cwd, env: { ...place.env, ...env }, signal: place.signal, killSignal: 'SIGKILL', stdio: 'pipe' })
  child.on('error', () => {}) // Its end says more.
  child.stdin.on('error', () => {})
  const err = collect(child.stderr)
  const closed = once(child, 'close')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`${command.join(' ')} ended: ${err()}`)
    return JSON.parse(value)
  }
  const ask = async (verb: string, args: object = {}) => {
    child.stdin.write(`${JSON.stringify({ verb, args })}\n`)
    const { ok, error } = await answer()
    if (error !== undefined) throw new Error(error)
    return ok
  }
  const { verbs } = (await answer()) as { verbs: Verb[] }
  const close = async () => {
    child.stdin.end()
    await closed
  }
  return { ...Object.fromEntries(verbs.map((verb) => [verb, (args?: object) => ask(verb, args)])), close }
}

/** How `sh` blocks are run with a program that is not on the path: see `Client.languages`. */
export const shell =
  (program: string): NonNullable<Client['languages']>[string] =>
  async (file, place) => {
    await run(place, ['bash', '-eu', file], { env: { PATH: `${dirname(program)}:${place.env.PATH}` } })
  }

function collect(stream: ChildProcess['stdout']): () => string {
  const pieces: Buffer[] = []
  stream!.on('data', (piece: Buffer) => pieces.push(piece))
  return () => Buffer.concat(pieces).toString()
}
