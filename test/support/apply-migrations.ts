import { applyD1Migrations, type D1Migration } from 'cloudflare:test'
import { env } from 'cloudflare:workers'

// Each test file starts with its own empty storage, so each brings its databases up to date first.
type Databases = Record<'CONTROL' | 'SEGMENTS', D1Database> & Record<'CONTROL_MIGRATIONS' | 'SEGMENTS_MIGRATIONS', D1Migration[]>

const { CONTROL, CONTROL_MIGRATIONS, SEGMENTS, SEGMENTS_MIGRATIONS } = env as unknown as Databases

await applyD1Migrations(CONTROL, CONTROL_MIGRATIONS)
await applyD1Migrations(SEGMENTS, SEGMENTS_MIGRATIONS)
