import type { ChildProcess } from 'node:child_process'

const WATCH_MS = 500

/**
 * CI machines run `npm start &` and later `kill $!`. That ends npm and its shell, and the shell forwards the signal to nobody. So a server
 * that npm started sends itself SIGTERM when its parent process ends. Call this first, while the parent is still alive.
 */
export function stopWithNpm(): void {
  if (process.env.npm_lifecycle_event === undefined) return
  const parent = process.ppid
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM')
  }, WATCH_MS).unref()
}

/** Ties this process to the server: forwards signals to it, and exits when it exits. */
export function stopTogether(server: ChildProcess): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => server.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal))
  server.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)))
}
