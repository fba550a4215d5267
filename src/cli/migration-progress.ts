/** The progress of a migration, as the API gives it. */
export interface MigrationProgress {
  readonly status: 'running' | 'paused' | 'aborted' | 'completed'
  readonly objects: number
  readonly transferredObjects: number
  readonly skippedObjects: number
  readonly failedObjects: number
  readonly bytes: number
  readonly transferredBytes: number
  readonly message?: string
}

const BAR_CELLS = 24
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** A number of bytes in the unit that keeps it short: `1.5 MiB`. */
export function bytesText(bytes: number): string {
  const power = bytes < 1024 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), UNITS.length - 1)
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${UNITS[power]}`
}

/**
 * One line with a bar. The listing is read while objects are copied, so the bar shows how much of what was found so far is done; large
 * objects move it by their bytes.
 */
export function progressLine(progress: MigrationProgress, seconds: number): string {
  const { objects, bytes, transferredBytes, status } = progress
  const done = doneObjects(progress)
  const share = objects === 0 ? 0 : Math.min(done / objects, 1)
  const filled = Math.round(share * BAR_CELLS)
  const bar = `[${'#'.repeat(filled)}${'.'.repeat(BAR_CELLS - filled)}]`
  const rate = seconds > 0 ? `, ${bytesText(transferredBytes / seconds)}/s` : ''
  const counts = `${done} of ${objects} objects, ${bytesText(transferredBytes)} of ${bytesText(Math.max(bytes, transferredBytes))}${rate}`
  const trouble = progress.failedObjects > 0 ? `, ${progress.failedObjects} failed` : ''
  return `${bar} ${counts}${trouble}${status === 'paused' ? ' (paused)' : ''}`
}

export const doneObjects = (progress: MigrationProgress): number =>
  progress.transferredObjects + progress.skippedObjects + progress.failedObjects

/** A line of a migration's log. */
export interface MigrationLogLine {
  readonly logType: string
  readonly objectKey: string | null
  readonly message: string | null
}

/** The first keys that were not copied, by their names. */
const NAMED_KEYS = 10

/** A text of a foreign store for a terminal, which obeys control characters, and turns lines around for others. */
const printable = (text: string): string => text.replace(/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu, '\ufffd')

/** The lines that a migration ends with. */
export function summary(id: string, progress: MigrationProgress, log: readonly MigrationLogLine[], seconds: number): string[] {
  const { status, transferredObjects, skippedObjects, failedObjects, transferredBytes, message } = progress
  const named = log
    .flatMap(({ objectKey, message: why }) => (objectKey === null ? [] : [printable(`  ${objectKey}: ${why ?? ''}`)]))
    .slice(0, NAMED_KEYS)
  const rest = failedObjects + log.filter(({ logType }) => logType.startsWith('importSkipped')).length - named.length
  return [
    `The job ${id} is ${status}${status === 'aborted' && message ? `: ${printable(message)}` : ''}.`,
    `${transferredObjects} transferred (${bytesText(transferredBytes)}), ${skippedObjects} skipped, ${failedObjects} failed, in ${Math.round(seconds)} s.`,
    ...named,
    ...(rest > 0 && named.length === NAMED_KEYS ? [`  and ${rest} more`] : []),
    ...(failedObjects > 0 ? [`Copy the failed objects again: the same command with --failed-of ${id}`] : []),
  ]
}
