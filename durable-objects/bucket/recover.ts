import { notImplemented, StoreError } from '../../src/core/errors.ts'
import type { RecoverTo } from '../../src/store/maintenance/maintenance-api.ts'

type Recoverable = Pick<DurableObjectStorage, 'getBookmarkForTime' | 'onNextSessionRestoreBookmark'>

/**
 * Asks the platform to restore this object's database to an earlier state when the object next starts. Returns the bookmark that undoes the
 * recovery.
 * @throws StoreError NotImplemented where there is no point-in-time recovery; InvalidArgument for a time or a bookmark that is too old
 */
export async function prepareRecovery(storage: Recoverable, to: RecoverTo): Promise<string> {
  try {
    const bookmark = 'bookmark' in to ? to.bookmark : await storage.getBookmarkForTime(to.timeMs)
    return await storage.onNextSessionRestoreBookmark(bookmark)
  } catch (error) {
    const { message } = error as Error
    if (/not implement/i.test(message)) throw notImplemented('Point-in-time recovery on this server is')
    throw new StoreError('InvalidArgument', { message: `The bucket cannot be recovered: ${message}` })
  }
}
