import { expect, test } from 'vitest'
import { regionOf } from '../../src/core/region.ts'

test.each([
  [{ continent: 'NA', longitude: '-122.4' }, 'WNAM'],
  [{ continent: 'NA', longitude: '-74.0' }, 'ENAM'],
  [{ continent: 'EU', longitude: '2.35' }, 'WEUR'],
  [{ continent: 'EU', longitude: '21.0' }, 'EEUR'],
  [{ continent: 'AS', longitude: '139.7' }, 'APAC'],
  [{ continent: 'OC', longitude: '151.2' }, 'OC'],
  [{ continent: 'AF', longitude: '3.4' }, ''],
  [{}, ''],
])('a visitor at %j is in the region "%s"', (place, region) => expect(regionOf(place)).toBe(region))
