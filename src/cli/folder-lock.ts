import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'

/** The server that holds a folder. */
interface Holder {
  readonly pid: number
  /** When the process began, in the words of the system: another process may get the same id later. */
  readonly began: string | undefined
  readonly host: string
}

const BEAT_MS = 2000
/** Servers of other machines and containers cannot be looked up, so they renew the lock. An older one is stale. */
const STALE_MS = 15_000

/**
 * Claims a data folder for this process: two servers on one folder would damage its databases. A lock whose process has ended is taken over.
 * `setting` names the place where the folder was chosen.
 * @returns a function that releases the folder
 * @throws Error with a message for the person who started the server
 */
export function lockFolder(folder: string, setting = 'PERSIST_TO'): () => void {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'server.lock')
  const own: Holder = { pid: process.pid, began: beginningOf(process.pid), host: hostname() }
  if (!claim(path, own, setting)) {
    const holder = readHolder(path)
    if (holder !== undefined && isRunning(holder, path)) throw new Error(refusal(folder, setting, holder))
    rmSync(path, { force: true })
    if (!claim(path, own, setting)) throw new Error(refusal(folder, setting, readHolder(path)))
  }
  const beat = setInterval(() => renew(path), BEAT_MS).unref()
  let isHeld = true
  const release = () => {
    if (!isHeld) return
    isHeld = false
    clearInterval(beat)
    process.off('exit', release)
    if (readHolder(path)?.began === own.began) rmSync(path, { force: true })
  }
  process.on('exit', release)
  return release
}

/** @throws Error when the folder cannot be written */
function claim(path: string, own: Holder, setting: string): boolean {
  try {
    writeFileSync(path, JSON.stringify(own), { flag: 'wx' })
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    if (code === 'ENOSPC') throw new Error(`The disk of ${path} is full. Make room, or choose another folder with ${setting}.`)
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
      throw new Error(`This user may not write ${path}. Choose another folder with ${setting}.`)
    throw error
  }
}

function readHolder(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder
  } catch {
    return undefined // Half-written by a process that was killed, or released in this moment.
  }
}

function isRunning({ pid, began, host }: Holder, path: string): boolean {
  if (host !== hostname()) return Date.now() - statSync(path).mtimeMs < STALE_MS
  return isAlive(pid) && beginningOf(pid) === began
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Returns when a process began, or undefined if it has ended or the system does not say. */
function beginningOf(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return state === 'Z' || state === 'X' ? undefined : fields[18]
    }
    if (process.platform === 'win32') return undefined
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return undefined
  }
}

function renew(path: string): void {
  try {
    const now = new Date()
    utimesSync(path, now, now)
  } catch {
    // Somebody removed the folder. The server itself will say so.
  }
}

const refusal = (folder: string, setting: string, holder: Holder | undefined): string =>
  `The folder ${folder} is in use by another server${holder ? ` (process ${holder.pid} on ${holder.host})` : ''}. Stop that one, or choose another folder with ${setting}.`
