import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

/** They are the same in every run, so that tests can sign with them and compare derived values with constants. */
export const TEST_SECRETS = {
  ACCOUNT_ID: '0123456789abcdef0123456789abcdef',
  ROOT_TOKEN_ID: 'fedcba9876543210fedcba9876543210',
  ROOT_TOKEN: 'test-root-token-test-root-token-test-root',
  MASTER_KEY: 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=',
}

// Otherwise local workerd fetches a sample of `request.cf` from cloudflare.com. Tests never need the network.
process.env.CLOUDFLARE_CF_FETCH_ENABLED = 'false'

const pick = (values: NodeJS.ProcessEnv, names: readonly string[]) =>
  Object.fromEntries(names.flatMap((name) => (values[name] ? [[name, values[name]]] : [])))

/** Runs tests inside workerd, with the bindings of wrangler.jsonc. */
const insideWorkerd = () =>
  cloudflareTest(async () => ({
    wrangler: { configPath: './wrangler.jsonc' },
    verbose: false, // Hides workerd's own log, such as its warning about each `text()` of bytes.
    miniflare: {
      // workerd's own R2. The binding's parity suite compares with it.
      r2Buckets: ['REAL'],
      // The platform's rate limiter, so low that a test reaches it.
      ratelimits: { LOW_RATE_LIMIT: { namespace_id: '1002', simple: { limit: 2, period: 60 } } },
      bindings: {
        ...TEST_SECRETS,
        SOURCES_LOCAL: 'true',
        // Counts would be written behind the answers of other tests, and points would set alarms in theirs.
        ANALYTICS_SECONDS: '0',
        CONTROL_MIGRATIONS: await readD1Migrations('migrations/control'),
        SEGMENTS_MIGRATIONS: await readD1Migrations('migrations/segments'),
        // The settings of `npm run test:model`: the number of runs, and a run to repeat. JOB_KEYS: test/durable-objects/job/steps.test.ts.
        ...pick(process.env, ['MODEL_RUNS', 'MODEL_SEED', 'MODEL_PATH', 'JOB_KEYS']),
      },
    },
  }))

/** The tests of rooms that store nothing. */
const PURE = ['core', 'http', 'auth', 'faces/s3/xml'].map((room) => `test/${room}/**/!(*.node).test.ts`)

export default defineConfig({
  test: {
    // Hides the output of passing tests: most of it is about failures that they provoke.
    silent: 'passed-only',
    // Vitest's default is one worker fewer than processors, only half of a machine with two. Much of a test is waiting for a server.
    maxWorkers: '100%',
    projects: [
      {
        // Tests of pure code, inside workerd. They store nothing, so their files share a worker: to start one takes longer than most files.
        logLevel: 'error',
        plugins: [insideWorkerd()],
        test: { name: 'pure', testTimeout: 30_000, isolate: false, include: PURE, setupFiles: ['./test/support/seed.ts'] },
      },
      {
        // Tests of everything else that runs in the Worker. Each file has a worker and a storage of its own.
        logLevel: 'error', // Hides warnings about packages whose source maps name files that they do not ship.
        plugins: [insideWorkerd()],
        test: {
          name: 'unit',
          // Property tests take seconds of a processor, and a busy machine gives them a fraction of one.
          testTimeout: 30_000,
          include: ['test/**/*.test.ts'],
          exclude: [...PURE, 'test/acceptance/**', 'test/crash/**', 'test/**/*.node.test.ts'],
          globalSetup: ['./test/support/fault-server-setup.ts'],
          setupFiles: ['./test/support/apply-migrations.ts', './test/support/seed.ts'],
        },
      },
      {
        // Tests of the command line scripts, in plain Node.
        test: { name: 'node', environment: 'node', include: ['test/**/*.node.test.ts'], exclude: ['test/acceptance/**'] },
      },
      {
        // Black-box tests in plain Node, with official clients, against real servers. Tests share one server; a test that kills its server
        // starts its own.
        test: {
          name: 'acceptance',
          environment: 'node',
          include: ['test/acceptance/**/*.test.ts', 'test/crash/**/*.test.ts'],
          globalSetup: ['./test/acceptance/support/global-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
