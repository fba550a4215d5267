import { expect, test } from 'vitest'
import type { AdminCall } from '../../src/cli/admin-client.ts'
import { rotate } from '../../src/cli/rotate.ts'

/** An admin face with one bucket of two steps, two steps of tokens, and jobs. */
function fakeFace({ lost = false } = {}) {
  const call = async (operation: string, { jurisdiction, cursor }: { jurisdiction?: string; cursor?: string }) => {
    if (operation === 'buckets') return { report: jurisdiction === 'default' ? ['photos'] : [] }
    const next = cursor ? undefined : 'x'
    if (operation === 'rotate-tokens') return { report: { resealed: 3, lost: lost && cursor ? ['t1'] : [], keyId: 'cafecafe' }, next }
    if (operation === 'rotate-jobs') return { report: { checked: 2, resealed: 1, lost: lost ? ['j1'] : [] } }
    const findings = lost && cursor ? [{ at: { blobId: 'b1', keyId: 'feedfeed' } }] : []
    return { report: { checked: 10, rewrapped: 4, findings }, next }
  }
  return call as AdminCall
}

async function run(call: AdminCall, bucket?: string) {
  const printed: string[] = []
  const code = await rotate({ bucket, jurisdiction: 'default', flags: {}, call }, (line) => printed.push(line))
  return { code, printed }
}

test('tokens and every bucket are rotated to the end', async () => {
  expect(await run(fakeFace())).toEqual({
    code: 0,
    printed: [
      'API tokens: 6 resealed. The present master key is cafecafe.',
      'Jobs: 1 of 2 resealed.',
      'photos: 8 of 20 keys rewrapped.',
      'Everything is under the present master key.',
    ],
  })
})

test('one bucket is rotated alone', async () => {
  expect(await run(fakeFace(), 'photos')).toEqual({ code: 0, printed: ['photos: 8 of 20 keys rewrapped.'] })
})

test('what is lost is named, and is exit code 1', async () => {
  const { code, printed } = await run(fakeFace({ lost: true }))
  expect(code).toBe(1)
  expect(printed).toEqual(
    expect.arrayContaining([
      'lost token=t1',
      'lost job=j1',
      'lost blobId=b1 keyId=feedfeed',
      '3 keys open with none of the configured master keys.',
    ]),
  )
})
