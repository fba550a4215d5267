import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

/** The same for every run: tests may sign with them, and compare derived values with constants. */
export const TEST_SECRETS = {
  ACCOUNT_ID: '0123456789abcdef0123456789abcdef',
  ROOT_TOKEN_ID: 'fedcba9876543210fedcba9876543210',
  ROOT_TOKEN: 'test-root-token-test-root-token-test-root',
  MASTER_KEY: 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=',
}

// Local workerd would ask cloudflare.com for a sample of `request.cf`; tests never need the network.
process.env.CLOUDFLARE_CF_FETCH_ENABLED = 'false'

const pick = (values: NodeJS.ProcessEnv, names: readonly string[]) =>
  Object.fromEntries(names.flatMap((name) => (values[name] ? [[name, values[name]]] : [])))

export default defineConfig({
  test: {
    // What a test that passes makes the Worker print is no news: of failures that it provokes, mostly.
    silent: 'passed-only',
    // One less is usual, which on a machine with two processors is half of it; much of a test is waiting for a server.
    maxWorkers: '100%',
    projects: [
      {
        // Inside workerd, with the bindings of wrangler.jsonc: everything that runs in the Worker.
        logLevel: 'error', // Packages whose source maps name files that they do not ship.
        plugins: [
          cloudflareTest(async () => ({
            wrangler: { configPath: './wrangler.jsonc' },
            verbose: false, // workerd's own log, such as its opinion of each `text()` of bytes.
            miniflare: {
              // workerd's own R2, for the parity suite of the binding to compare with.
              r2Buckets: ['REAL'],
              // The platform's rate limiter, so low that a test reaches it.
              ratelimits: { LOW_RATE_LIMIT: { namespace_id: '1002', simple: { limit: 2, period: 60 } } },
              bindings: {
                ...TEST_SECRETS,
                CONTROL_MIGRATIONS: await readD1Migrations('migrations/control'),
                SEGMENTS_MIGRATIONS: await readD1Migrations('migrations/segments'),
                // Of `npm run test:model`: how often, and what to repeat.
                ...pick(process.env, ['MODEL_RUNS', 'MODEL_SEED', 'MODEL_PATH']),
              },
            },
          })),
        ],
        test: {
          name: 'unit',
          // Property tests take seconds of a processor, and a busy machine gives them a fraction of one.
          testTimeout: 30_000,
          include: ['test/**/*.test.ts'],
          exclude: ['test/acceptance/**', 'test/crash/**', 'test/**/*.node.test.ts'],
          setupFiles: ['./test/support/apply-migrations.ts', './test/support/seed.ts'],
        },
      },
      {
        // Plain Node: the command line scripts.
        test: { name: 'node', environment: 'node', include: ['test/**/*.node.test.ts'], exclude: ['test/acceptance/**'] },
      },
      {
        // Plain Node against real servers: black box, official clients. One is shared; those that are killed are not.
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
