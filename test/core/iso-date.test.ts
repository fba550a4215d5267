import { expect, test } from 'vitest'
import { parseIsoDate } from '../../src/core/iso-date.ts'

test.each([
  ['2027-01-31', '2027-01-31T00:00:00.000Z'],
  ['2027-01-31T00:00:00Z', '2027-01-31T00:00:00.000Z'],
  ['2027-01-31T12:30Z', '2027-01-31T12:30:00.000Z'],
  ['2027-01-31T23:30:00.5-02:00', '2027-02-01T01:30:00.500Z'],
  ['2028-02-29T00:00:00.123456789Z', '2028-02-29T00:00:00.123Z'],
])('%s is a date', (text, time) => expect(new Date(parseIsoDate(text)!).toISOString()).toBe(time))

test.each([
  '',
  'tomorrow',
  '2027',
  '2027-02-30',
  '2027-02-29T00:00:00Z',
  '2027-13-01',
  '2027-01-31T24:30:00Z',
  '2027-01-31T00:00:00',
  '31 January 2027',
  '2027-01-31T00:00:00Z\n',
  '+002027-01-31T00:00:00Z',
])('%j is none', (text) => expect(parseIsoDate(text)).toBeUndefined())
