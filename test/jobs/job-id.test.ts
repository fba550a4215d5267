import { describe, expect, test } from 'vitest'
import { JURISDICTIONS } from '../../src/core/object.ts'
import { jobStub } from '../../src/engine.ts'
import type { Env } from '../../src/env.ts'
import { jurisdictionOfJob, newJobId } from '../../src/jobs/job-id.ts'

/** A namespace that says where each stub was asked for. */
function namespace(place = 'default'): Env['JOBS'] {
  return {
    idFromName: (name: string) => name,
    get: (id: string) => ({ place, id }),
    jurisdiction: (name: string) => namespace(name),
  } as unknown as Env['JOBS']
}

describe('the id of a job', () => {
  test.each(JURISDICTIONS)('says that its Durable Object is in the jurisdiction of its bucket: %s', (jurisdiction) => {
    const id = newJobId(jurisdiction)
    expect(id).toMatch(/^[0-9a-f]{32}$/)
    expect(jurisdictionOfJob(id)).toBe(jurisdiction)
    expect(jobStub(namespace(), id)).toEqual({ place: jurisdiction, id })
  })

  test('rises with time', () => {
    const ids = Array.from({ length: 100 }, () => newJobId('eu'))
    expect(ids.toSorted()).toEqual(ids)
  })

  test.each(['', '../x', 'f'.repeat(32), '0'.repeat(31), `${'0'.repeat(31)}5`, '0'.repeat(33)])(
    'that no job can have is refused: %j',
    (id) => {
      expect(() => jobStub(namespace(), id)).toThrow(expect.objectContaining({ code: 'NoSuchJob' }))
    },
  )
})
