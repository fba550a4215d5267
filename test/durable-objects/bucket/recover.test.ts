import { expect, test } from 'vitest'
import { prepareRecovery } from '../../../durable-objects/bucket/recover.ts'

// Local servers have no point-in-time recovery, so the test plays the platform.
const storage = {
  getBookmarkForTime: async (time: number | Date) => {
    if (Number(time) < 1000) throw new Error('The timestamp is too old')
    return `bookmark-of-${Number(time)}`
  },
  onNextSessionRestoreBookmark: async (bookmark: string) => `undo-${bookmark}`,
}

test('a time becomes its bookmark, a bookmark is taken as it is, and the way back is told', async () => {
  expect(await prepareRecovery(storage, { timeMs: 5000 })).toBe('undo-bookmark-of-5000')
  expect(await prepareRecovery(storage, { bookmark: 'undo-it' })).toBe('undo-undo-it')
})

test('what the platform refuses is told in its words', async () => {
  const refused = { code: 'InvalidArgument', message: 'The bucket cannot be recovered: The timestamp is too old' }
  await expect(prepareRecovery(storage, { timeMs: 1 })).rejects.toMatchObject(refused)
})
