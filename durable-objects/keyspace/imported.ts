import { cachedSetting, writeSetting } from '../common/settings.ts'
import type { Context } from './context.ts'

/** The last import that finished. For a while a client whose last answer was lost may repeat it and gets that answer again. */
export interface Finished {
  readonly lines: number
  /** The time of the export, which identifies it. */
  readonly exportedMs: number
  readonly finishedMs: number
}

/** The last finished import, if no client has written to the bucket since; otherwise `null`. Changes by lifecycle rules do not count. */
export const finishedImport = (sql: SqlStorage): Finished | null => cachedSetting<Finished>(sql, 'imported')

/**
 * Deletes the record of the last import, in the transaction in which a client changes the bucket: the bucket then differs from that import.
 */
export function forgetImport({ sql }: Context): void {
  if (finishedImport(sql) !== null) writeSetting(sql, 'imported', null)
}
