import { applyD1Migrations, type D1Migration } from 'cloudflare:test'
import { env } from 'cloudflare:workers'

// Each test file starts with empty storage of its own, so it first applies the migrations to its databases.
type Databases = Record<'CONTROL' | 'SEGMENTS', D1Database> & Record<'CONTROL_MIGRATIONS' | 'SEGMENTS_MIGRATIONS', D1Migration[]>

const { CONTROL, CONTROL_MIGRATIONS, SEGMENTS, SEGMENTS_MIGRATIONS } = env as unknown as Databases

await applyD1Migrations(CONTROL, CONTROL_MIGRATIONS)
await applyD1Migrations(SEGMENTS, SEGMENTS_MIGRATIONS)
