import init from '../../migrations/bucket/0001_init.sql'
import audit from '../../migrations/bucket/0002_audit.sql'
import storageClasses from '../../migrations/bucket/0003_storage_classes.sql'
import events from '../../migrations/bucket/0004_events.sql'
import lifecycle from '../../migrations/bucket/0005_lifecycle.sql'
import lastParts from '../../migrations/bucket/0006_last_parts.sql'
import tags from '../../migrations/bucket/0007_tags.sql'
import sippy from '../../migrations/bucket/0008_sippy.sql'
import type { Schema } from '../common/schema.ts'

/** The tables of a bucket. */
export const BUCKET_SCHEMA: Schema = {
  owner: "this bucket's",
  migrations: [init, audit, storageClasses, events, lifecycle, lastParts, tags, sippy],
  compatibleFrom: {},
}
