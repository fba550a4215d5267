import { describe, expect, test } from 'vitest'
import type { Queues } from '../../src/queues/queues.ts'

/** Queues to test: two of them, `one` and `two`, and what the first has received, as JSON values. */
export interface QueuesUnderTest {
  readonly queues: Queues
  readonly received: () => unknown[]
  /** From now on, nothing is accepted. */
  readonly refuse: () => void
}

/** What every form of {@link Queues} does. */
export function queuesContract(name: string, create: () => QueuesUnderTest): void {
  describe(`queues: ${name}`, () => {
    test('are listed, all or by their exact names', async () => {
      const { queues } = create()
      const names = async (wanted?: string[]) => (await queues.list(wanted)).map((queue) => queue.name).sort()
      expect(await names()).toEqual(['one', 'two'])
      expect(await names(['two'])).toEqual(['two'])
      expect(await names(['two', 'one', 'three'])).toEqual(['one', 'two'])
      expect(await names(['tw', 'TWO', ''])).toEqual([])
    })

    test('are found by their ids, which do not change', async () => {
      const { queues } = create()
      const [one] = await queues.list(['one'])
      expect(one!.id).toMatch(/^[0-9a-f]{32}$/)
      expect(await queues.find(one!.id)).toMatchObject({ id: one!.id, name: 'one' })
      expect((await queues.list(['one']))[0]!.id).toBe(one!.id)
      for (const id of ['f'.repeat(32), 'one', '', '../one']) expect(await queues.find(id)).toBeNull()
    })

    test('receive messages as JSON values, in order', async () => {
      const { queues, received } = create()
      const [one] = await queues.list(['one'])
      const values = [{ key: 'é"\\\u0001', size: 1 }, { key: 'b' }]
      await queues.send(
        one!.id,
        values.map((value) => JSON.stringify(value)),
      )
      await queues.send(one!.id, ['{"key":"c"}'])
      expect(received()).toEqual([...values, { key: 'c' }])
    })

    test('fail to receive where there is none, and when they refuse', async () => {
      const { queues, received, refuse } = create()
      await expect(queues.send('f'.repeat(32), ['{}'])).rejects.toThrow()
      const [one] = await queues.list(['one'])
      refuse()
      await expect(queues.send(one!.id, ['{}'])).rejects.toThrow()
      expect(received()).toEqual([])
    })
  })
}
