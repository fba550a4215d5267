import { spawn } from 'node:child_process'

/**
 * Runs the script that SERVER_DOOR names as the leader of its own process group, and ends the whole group when the test runner
 * closes our standard input (even by dying) or after a time limit: no test run can leave a server behind.
 */
const LIMIT_MS = 20 * 60 * 1000
const GRACE_MS = 5000

const DOORS: Record<string, string[]> = {
  start: ['src/cli/start.ts'],
  serve: ['src/cli/serve.ts'],
  dev: ['src/cli/dev.ts'],
  example: ['src/cli/start.ts', '--with', 'examples/upload-worker/wrangler.jsonc'],
  notifications: ['src/cli/start.ts', '--with', 'examples/notification-consumer/wrangler.jsonc'],
}

const { SERVER_DOOR = 'serve', SERVER_WITH } = process.env
const beside = SERVER_WITH ? ['--with', SERVER_WITH] : []
const server = spawn(process.execPath, [...DOORS[SERVER_DOOR]!, ...beside], { stdio: ['ignore', 'inherit', 'inherit'] })
server.on('exit', (code) => process.exit(code ?? 1))

process.on('SIGTERM', () => {}) // Sent to the whole group below; this process waits for the others.
let ending = false
function endGroup(): void {
  if (ending) return
  ending = true
  process.kill(-process.pid, 'SIGTERM')
  setTimeout(() => process.kill(-process.pid, 'SIGKILL'), GRACE_MS)
}

setTimeout(endGroup, LIMIT_MS)
process.stdin.resume().on('end', endGroup).on('error', endGroup)
