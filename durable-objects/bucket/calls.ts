import type { Actor } from '../../src/core/audit.ts'
import type { BucketInfo } from '../../src/core/bucket.ts'
import { StoreError } from '../../src/core/errors.ts'
import type { ImportReport } from '../../src/core/maintenance.ts'
import {
  addRules,
  type NewNotificationRule,
  type QueueRef,
  type ReplacedRule,
  removeRules,
  replaceRules,
} from '../../src/core/notifications.ts'
import type { BucketRef, StorageClass } from '../../src/core/object.ts'
import { type BucketSettings, SETTINGS, type SettingName } from '../../src/core/settings.ts'
import { type SippySetting, shownSippy } from '../../src/core/sippy.ts'
import type { Step } from '../../src/core/step.ts'
import type { TagSet } from '../../src/core/tags.ts'
import { forgetSettings, readSetting, writeSetting } from '../common/settings.ts'
import { writeCanary } from '../keyspace/blobs/canary.ts'
import { type CallRow, CHANGES, READS } from '../keyspace/calls.ts'
import { closeCheck } from '../keyspace/check/check-tables.ts'
import { importLines } from '../keyspace/dump/import.ts'
import { forgetImport } from '../keyspace/imported.ts'
import { followSetting } from '../keyspace/rules/follow-setting.ts'
import { endCopies, sippyOf } from '../keyspace/sippy/copies.ts'
import { bucketInfo } from '../keyspace/state.ts'
import { forgetFlows } from '../keyspace/usage.ts'
import { admitChange, admitJob, RATES } from './change-rate.ts'
import type { BucketContext } from './context.ts'
import { LAST_POINT } from './storage-points.ts'

/** Calls that only read: the bucket's keys, and the bucket's own description and settings. */
export const BUCKET_READS = {
  ...READS,
  info: { run: ({ sql }: BucketContext) => bucketInfo(sql) },
  getSippy: { run: ({ sql }: BucketContext) => sippyOf(sql) },
  getSetting: { run: ({ sql }: BucketContext, name: SettingName) => readSetting<never>(sql, name) },
} satisfies Record<string, CallRow<BucketContext>>

/** Calls that change the bucket's keys or its configuration. The account's audit log records changes of the configuration. */
export const BUCKET_CHANGES = {
  ...CHANGES,
  putStorageClass: { run: putStorageClass },
  admitChange: { run: admitAccountChange },
  admitJob: { run: admitNewJob },
  putSetting: { run: putSetting },
  putSippy: { run: putSippy },
  deleteSippy: { run: deleteSippy },
  addNotificationRules: { run: addNotificationRules },
  replaceNotificationRules: { run: replaceNotificationRules },
  removeNotificationRules: { run: removeNotificationRules },
  importLines: { run: importAll },
  reindex: { run: reindex },
} satisfies Record<string, CallRow<BucketContext>>

const refOf = ({ jurisdiction, name }: BucketInfo): BucketRef => ({ jurisdiction, name })

/** Changes the default storage class. Existing objects keep their class. */
function putStorageClass(context: BucketContext, storageClass: StorageClass, by?: Actor): BucketInfo {
  const { sql, account } = context
  admitChange(context)
  forgetImport(context)
  const old = bucketInfo(sql)
  const info: BucketInfo = { ...old, storageClass }
  writeSetting(sql, 'info', info)
  account.indexChanged(refOf(info))
  const [oldValue, newValue] = [old, info].map((value) => ({ storageClass: value.storageClass }))
  account.audit({ action: 'PutBucketStorageClass', bucket: info, by, oldValue, newValue })
  return info
}

/** Counts a configuration change that the account stores, such as a domain, against the bucket's rate of changes. */
function admitAccountChange(context: BucketContext): BucketInfo {
  admitChange(context)
  return bucketInfo(context.sql)
}

/** Counts a new job. Returns the time of this bucket's clock, which dates its objects and therefore the job. */
function admitNewJob(context: BucketContext): number {
  admitJob(context)
  return context.now()
}

/** Replaces a setting; `null` removes it. */
function putSetting<Name extends SettingName>(context: BucketContext, name: Name, value: BucketSettings[Name] | null, by?: Actor): void {
  changeSetting(context, name, () => value, by)
}

function addNotificationRules(context: BucketContext, queue: QueueRef, rules: readonly NewNotificationRule[], by?: Actor): void {
  const own = { nowMs: context.now(), newId: () => crypto.randomUUID() }
  changeSetting(context, 'notifications', (old) => addRules(old ?? [], { queue, rules, ...own }), by)
}

function replaceNotificationRules(context: BucketContext, rules: readonly ReplacedRule[], by?: Actor): void {
  const own = { nowMs: context.now(), newId: () => crypto.randomUUID() }
  changeSetting(context, 'notifications', (old) => replaceRules(old ?? [], rules, own), by)
}

function removeNotificationRules(context: BucketContext, queueId: string, ruleIds?: readonly string[], by?: Actor): void {
  changeSetting(context, 'notifications', (old) => removeRules(old ?? [], queueId, ruleIds), by)
}

/** Replaces a setting by the value that `update` returns for the old one, and records the change for the audit log. */
function changeSetting<Name extends SettingName>(
  context: BucketContext,
  name: Name,
  update: (old: BucketSettings[Name] | null) => BucketSettings[Name] | null,
  by?: Actor,
): void {
  const { sql, account } = context
  const { actions, emptyRemoves } = SETTINGS[name]
  const before = readSetting<BucketSettings[Name]>(sql, name)
  const updated = update(before)
  const after = emptyRemoves && isEmpty(updated) ? null : updated
  const isGone = after === null || isEmpty(after)
  if (isGone && JSON.stringify(before) === JSON.stringify(after)) return
  admitChange(context)
  forgetImport(context)
  writeSetting(sql, name, after)
  followSetting(context, name, { before, after })
  account.audit({ action: actions[isGone ? 'delete' : 'put'], bucket: bucketInfo(sql), by, oldValue: before, newValue: after })
}

const isEmpty = (value: unknown): boolean => Array.isArray(value) && value.length === 0

/** Enables Sippy, or gives it another source. Copies from the old source end. */
function putSippy(context: BucketContext, sippy: SippySetting, by?: Actor): void {
  const { sql, account } = context
  admitChange(context)
  const old = sippyOf(sql)
  writeSetting(sql, 'sippy', sippy)
  endCopies(context)
  const [oldValue, newValue] = [old && shownSippy(old), shownSippy(sippy)]
  account.audit({ action: 'PutBucketSippy', bucket: bucketInfo(sql), by, oldValue, newValue })
}

/** Disables Sippy. Objects that were copied stay. */
function deleteSippy(context: BucketContext, by?: Actor): void {
  const { sql, account } = context
  const old = sippyOf(sql)
  if (old === null) return
  admitChange(context)
  writeSetting(sql, 'sippy', null)
  endCopies(context)
  account.audit({ action: 'DeleteBucketSippy', bucket: bucketInfo(sql), by, oldValue: shownSippy(old) })
}

/** Runs one step of an import. The last step also updates the bucket's row in the account's index. */
function importAll(context: BucketContext, text: string): Step<number, ImportReport> {
  const imported = importLines(context, text)
  if (imported.next === undefined) reindex(context)
  return imported
}

function reindex({ sql, account }: BucketContext): BucketInfo {
  const info = bucketInfo(sql)
  account.indexChanged(refOf(info))
  // The account's figures may be of another state of this bucket.
  writeSetting(sql, LAST_POINT, null)
  return info
}

interface NewBucket {
  readonly info: Omit<BucketInfo, 'createdMs'>
  /** The canary, sealed with the master key; absent in a deployment without its secrets. */
  readonly canary?: string
  readonly by?: Actor
  /** Checked; empty for none. */
  readonly tags?: TagSet
}

/** Writes a new bucket, with a canary that is sealed with its master key. */
export function createBucket({ sql, account, now }: BucketContext, { info, canary, by, tags = [] }: NewBucket): BucketInfo {
  const bucket: BucketInfo = { ...info, createdMs: now() }
  writeSetting(sql, 'info', bucket)
  writeCanary(sql, canary)
  if (tags.length > 0) writeSetting(sql, 'tags', tags)
  account.indexChanged(refOf(bucket))
  account.audit({ action: 'CreateBucket', bucket, by, newValue: tags.length > 0 ? { ...bucket, tags } : bucket })
  return bucket
}

/**
 * Removes an empty bucket; the alarm deletes the remaining bytes.
 * @throws StoreError BucketNotEmpty
 */
export function removeBucket(context: BucketContext, by?: Actor): void {
  const { sql, account } = context
  const rows = sql.exec("SELECT 1 FROM objects UNION ALL SELECT 1 FROM uploads WHERE state = 'open' LIMIT 1").toArray()
  if (rows.length > 0) throw new StoreError('BucketNotEmpty')
  for (const { name, keepsBucket: message } of Object.values(SETTINGS)) {
    if (message !== undefined && readSetting(sql, name) !== null) throw new StoreError('BucketNotEmpty', { message })
  }
  const bucket = bucketInfo(sql)
  account.indexChanged(refOf(bucket))
  account.audit({ action: 'DeleteBucket', bucket, by, oldValue: bucket })
  sql.exec('DELETE FROM uploads')
  forgetFlows(sql)
  sql.exec('DELETE FROM lifecycle_walk')
  endCopies(context)
  closeCheck(sql)
  const kept = ['schema', 'compatible_from', 'registry', ...RATES]
  sql.exec(`DELETE FROM config WHERE name NOT IN (${kept.map(() => '?').join(', ')})`, ...kept)
  forgetSettings(sql)
}
