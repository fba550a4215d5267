import { expect, test } from 'vitest'
import type { AdminCall } from '../../src/cli/admin-client.ts'
import { fsck } from '../../src/cli/fsck.ts'

type Calls = [operation: string, body: Record<string, unknown>][]

/** An admin face whose checks take two steps each and find what they are told. */
function fakeFace(findings: readonly object[] = []): { call: AdminCall; calls: Calls } {
  const calls: Calls = []
  const call = async (operation: string, body: object & { cursor?: object | string; jurisdiction?: string }) => {
    calls.push([operation, body as Record<string, unknown>])
    if (operation === 'keys-of') return body.cursor ? { report: ['c'] } : { report: ['a', 'b\n'], next: 'b' }
    if (operation === 'buckets') {
      if (body.jurisdiction !== 'default') return { report: body.jurisdiction === 'eu' ? ['eu-photos'] : [] }
      return body.cursor === undefined ? { report: ['photos'], next: 'photos' } : { report: ['videos'] }
    }
    if (body.cursor) return { report: { phase: 'two', findings, checked: 5 } }
    return { report: { phase: 'one', findings: [], checked: 3 }, next: { at: 'somewhere' } }
  }
  return { call: call as AdminCall, calls }
}

async function run(face: { call: AdminCall }, { bucket, flags = {} }: { bucket?: string; flags?: Record<string, boolean | string> }) {
  const printed: string[] = []
  const progress: string[] = []
  const output = { print: (line: string) => printed.push(line), progress: (line: string) => progress.push(line) }
  const code = await fsck({ bucket, jurisdiction: 'default', flags, call: face.call }, output)
  return { code, printed, progress }
}

const wrong = (repaired: boolean) => ({ problem: 'object-without-blob', at: { key: 'a\nb', blobId: 'ff' }, repaired })

test('a sound bucket prints nothing and exits with 0', async () => {
  const face = fakeFace()
  expect(await run(face, { bucket: 'photos' })).toEqual({ code: 0, printed: [], progress: ['Checked one 3, two 5.', 'Sound.'] })
  expect(face.calls).toEqual([
    ['fsck', { bucket: 'photos', jurisdiction: 'default', repair: false, cursor: undefined }],
    ['fsck', { bucket: 'photos', jurisdiction: 'default', repair: false, cursor: { at: 'somewhere' } }],
  ])
})

test('each finding is one line, and what is left is exit code 1', async () => {
  const { code, printed } = await run(fakeFace([wrong(false), wrong(true)]), { bucket: 'photos', flags: { repair: true } })
  expect(code).toBe(1)
  expect(printed).toEqual(['found object-without-blob key="a\\nb" blobId=ff', 'repaired object-without-blob key="a\\nb" blobId=ff'])
})

test('what is all repaired is exit code 0', async () => {
  expect((await run(fakeFace([wrong(true)]), { bucket: 'photos', flags: { repair: true } })).code).toBe(0)
})

test('what is damaged is named by its keys', async () => {
  const findings = [1, 2].map((segment) => ({ problem: 'missing-segment', at: { blobId: 'ff', segment }, repaired: false }))
  const face = fakeFace(findings)
  const { printed } = await run(face, { bucket: 'photos' })
  expect(printed.slice(2)).toEqual(['damaged key="a"', 'damaged key="b\\n"', 'damaged key="c"'])
  const searches = face.calls.filter(([operation]) => operation === 'keys-of').map(([, body]) => body)
  expect(searches).toEqual([undefined, 'b'].map((cursor) => ({ bucket: 'photos', jurisdiction: 'default', blobIds: ['ff'], cursor })))
})

test('--all checks every bucket, and the segments of all of them once', async () => {
  const face = fakeFace()
  await run(face, { flags: { all: true } })
  const checked = face.calls.filter(([operation, { cursor }]) => operation !== 'buckets' && cursor === undefined)
  expect(checked.map(([operation, { bucket, jurisdiction, skipOrphans }]) => [operation, bucket, jurisdiction, skipOrphans])).toEqual([
    ['fsck', 'photos', 'default', true],
    ['fsck', 'videos', 'default', true],
    ['fsck', 'eu-photos', 'eu', true],
    ['fsck-orphans', undefined, undefined, undefined],
  ])
})

test('--gone names a bucket, whose segments alone are looked at; the operator answers for them', async () => {
  const face = fakeFace()
  await run(face, { flags: { gone: 'old-photos', repair: true, 'old-labels': true } })
  const gone = { bucket: 'old-photos', jurisdiction: 'default' }
  expect(face.calls[0]).toEqual(['fsck-orphans', { gone, repair: true, oldLabels: true, cursor: undefined }])
})

test('A2e: the summary says what was looked at, not what was found, and counts what belongs to others', async () => {
  const databases = [{ tier: 'd1:0', bytes: 81, maxBytes: 100 }]
  const report = { phase: 'orphans', findings: [], checked: 870, strangers: { ab: 3 }, databases }
  const { progress } = await run({ call: (async () => ({ report })) as AdminCall }, { bucket: 'photos' })
  expect(progress).toEqual([
    'Checked stored segments 870.',
    "Left alone: 3 segments of the deployment ab, which shares this one's stores.",
    'Segment database d1:0: 81 % full.',
    'Sound.',
  ])
})

test.each<{ bucket?: string; flags?: Record<string, boolean | string> }>([
  {},
  { bucket: 'photos', flags: { all: true } },
  { bucket: 'photos', flags: { gone: 'videos' } },
])('%j is not understood', async (args) => {
  await expect(run(fakeFace(), args)).rejects.toThrow('Usage')
})
