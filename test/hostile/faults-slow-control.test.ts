import { expect, test } from 'vitest'
import { DeploymentGuard } from '../../src/control/deployment.ts'
import { STRANGER_MISSES, STRANGER_WINDOW_MS, Strangers } from '../../src/control/strangers.ts'
import { TokenFinder } from '../../src/control/tokens.ts'
import { UpdateDomainBody } from '../../src/faces/rest/domains/schemas.ts'
import { secrets } from '../support/bucket.ts'

// A database that answers late, or never: its limits must hold before it answers.

const NOW = 1_750_000_000_000

/** A database whose queries wait until `end`, and then find nothing. */
function slowDatabase() {
  const seen = { queries: 0 }
  let end = () => {}
  const ended = new Promise<null>((resolve) => {
    end = () => resolve(null)
  })
  const statement = { bind: () => statement, first: () => ended, all: () => ended }
  const prepare = () => {
    seen.queries++
    return statement
  }
  return { seen, end, db: { prepare, batch: () => ended } as unknown as D1Database }
}

test('3: strangers have no more look-ups at once than they have in a window', async () => {
  const { seen, end, db } = slowDatabase()
  const finder = new TokenFinder(secrets)
  const strangers = new Strangers()
  const id = (n: number) => `f${n.toString(16).padStart(31, '0')}`
  const ask = (n: number, nowMs = NOW) => finder.find(db, id(n), nowMs, strangers.from(`address ${n}`, nowMs)).catch(({ code }) => code)
  const answers = Array.from({ length: 2 * STRANGER_MISSES }, (_, n) => ask(n))
  expect(await answers.at(-1)).toBe('TooManyRequests')
  expect(seen.queries).toBe(STRANGER_MISSES)
  // Look-ups that never end are not held against those of the next window.
  answers.push(ask(2 * STRANGER_MISSES, NOW + STRANGER_WINDOW_MS))
  await scheduler.wait(1)
  expect(seen.queries).toBe(STRANGER_MISSES + 1)
  end()
  expect((await Promise.all(answers)).filter((answer) => answer === null)).toHaveLength(STRANGER_MISSES + 1)
})

test('3: look-ups that find something make room again', () => {
  const strangers = new Strangers()
  for (let n = 0; n < 2 * STRANGER_MISSES; n++) {
    const asker = strangers.from('a', NOW)
    asker.admit()
    asker.found()
    asker.found()
  }
  for (let n = 0; n < STRANGER_MISSES; n++) strangers.from('a', NOW).admit()
  expect(() => strangers.from('a', NOW).admit()).toThrow()
})

test('22: a database that never answers does not hold up the first write of an isolate for long', async () => {
  const { db } = slowDatabase()
  const guard = new DeploymentGuard({ control: db, segments: db }, { ...secrets, lostKeyIds: [] })
  const startMs = Date.now()
  await guard.check()
  expect(Date.now() - startMs).toBeLessThan(20_000)
  await guard.check()
}, 40_000)

test('6: a change of a domain may repeat its zone, as Terraform does', () => {
  const body = { domain: 'files.example.com', zoneId: '0'.repeat(32), enabled: true }
  expect(UpdateDomainBody.safeParse(body).success).toBe(true)
  expect(UpdateDomainBody.safeParse({ ...body, minTls: '1.2' }).success).toBe(false)
})
