import type { ChildProcess } from 'node:child_process'

const WATCH_MS = 500

/**
 * `npm start &` and then `kill $!`, as CI machines do it, ends npm and its shell, and the shell passes the signal on to nobody: a server
 * that npm started takes the end of its parent for a signal of its own. To be called first, while the parent is there.
 */
export function stopWithNpm(): void {
  if (process.env.npm_lifecycle_event === undefined) return
  const parent = process.ppid
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM')
  }, WATCH_MS).unref()
}

/** One life: a signal to us reaches the server, and when the server ends so do we. */
export function stopTogether(server: ChildProcess): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => server.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal))
  server.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)))
}
