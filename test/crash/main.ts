import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

// `npm run test:crash -- --kills 50`; `--door dev` for the server of `npm run dev`; `--seed` as a run printed it.

const options = { kills: { type: 'string', default: '50' }, door: { type: 'string', default: 'serve' }, seed: { type: 'string' } } as const
const { kills, door, seed } = parseArgs({ options }).values
const env = { ...process.env, CRASH_KILLS: kills, CRASH_DOOR: door, ...(seed && { CRASH_SEED: seed }) }
const { status } = spawnSync('vitest', ['run', '--project', 'acceptance', 'test/crash'], { stdio: 'inherit', env })
process.exit(status ?? 1)
