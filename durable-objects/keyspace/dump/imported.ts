import { cachedSetting, writeSetting } from '../../common/settings.ts'
import type { Context } from '../context.ts'

/** The last import that was finished: for a while, one whose last answer was lost is told so again. */
export interface Finished {
  readonly lines: number
  /** Which export it was. */
  readonly exportedMs: number
  readonly finishedMs: number
}

/** The import that left the bucket as it is, whatever rules have done to it since; `null` when somebody wrote to it. */
export const finishedImport = (sql: SqlStorage): Finished | null => cachedSetting<Finished>(sql, 'imported')

/** Notes that a client changes the bucket, in the transaction of the change: it is no longer what the last import left. */
export function forgetImport({ sql }: Context): void {
  if (finishedImport(sql) !== null) writeSetting(sql, 'imported', null)
}
