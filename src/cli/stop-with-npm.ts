const WATCH_MS = 500

/**
 * `npm start &` and then `kill $!`, as CI machines do it, ends npm and its shell, and the shell passes the signal on to nobody: a server
 * that npm started takes the end of its parent for a signal of its own.
 */
export function stopWithNpm(): void {
  if (process.env.npm_lifecycle_event === undefined) return
  const parent = process.ppid
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM')
  }, WATCH_MS).unref()
}
