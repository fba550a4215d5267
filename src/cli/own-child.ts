import { AsyncLocalStorage } from 'node:async_hooks'
import { type ChildProcess, spawn } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

/** Tells the starts of one process apart: a child process belongs to the start in whose asynchronous context it begins. */
const starter = new AsyncLocalStorage<object>()

/** The workerd process of one start. Miniflare starts another one when it ends by itself. */
export type OwnChild = { readonly current: ChildProcess | undefined; forget(): void }

/**
 * Finds the workerd process, so that we can stop it. workerd lets requests end on SIGTERM, but Miniflare only kills it. Node reports each
 * child process on a diagnostics channel when it starts; those of other starts, and of the program around us, are not ours.
 */
export async function watchingChild<T>(run: () => Promise<T>): Promise<{ value: T; child: OwnChild }> {
  const own: { current: ChildProcess | undefined; forget(): void } = {
    current: undefined,
    forget: () => unsubscribe('child_process', note),
  }
  const note = (message: unknown) => {
    if (starter.getStore() !== own) return
    own.current = (message as { process: ChildProcess }).process
    endWithUs(own.current)
  }
  subscribe('child_process', note)
  try {
    return { value: await starter.run(own, run), child: own }
  } catch (error) {
    own.forget()
    throw error
  }
}

/**
 * Ends a child process when this process ends, even by SIGKILL: a workerd that lives on would hold its port, and would write into a folder
 * that the next server opens. A shell waits for the end of its input, which the system closes with this process. Windows has no such shell.
 */
function endWithUs(child: ChildProcess): void {
  if (process.platform === 'win32') return
  child.once('spawn', () => starter.exit(() => guard(child)))
}

function guard(child: ChildProcess): void {
  const script = ['-c', 'read -r _; kill -9 "$1"', 'cairn-guard', String(child.pid)]
  // In a session of its own, a signal to this process's group does not end it first.
  const shell = spawn('/bin/sh', script, { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  shell.on('error', () => {}) // Without a shell, there is no guard.
  const input = shell.stdin as Socket
  input.on('error', () => {}).unref()
  shell.unref()
  child.once('exit', () => shell.kill('SIGKILL'))
}
