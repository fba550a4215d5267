import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

// `npm run test:model -- --runs 5000`. To repeat a failure, add the `--seed` and `--path` that it printed.

const options = { runs: { type: 'string', default: '1000' }, seed: { type: 'string' }, path: { type: 'string' } } as const
const { runs, seed, path } = parseArgs({ options }).values
const env = { ...process.env, MODEL_RUNS: runs, ...(seed && { MODEL_SEED: seed }), ...(path && { MODEL_PATH: path }) }
const { status } = spawnSync('vitest', ['run', '--project', 'unit', 'test/model'], { stdio: 'inherit', env, shell: false })
process.exit(status ?? 1)
