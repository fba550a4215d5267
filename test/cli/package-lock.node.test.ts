import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

test('23: every package of the lock file has a digest, for each platform', () => {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, { integrity?: string; link?: boolean }>
  }
  const without = Object.entries(packages).filter(
    ([path, { integrity, link }]) => path !== '' && !link && !integrity?.startsWith('sha512-'),
  )
  expect(without.map(([path]) => path)).toEqual([])
})
