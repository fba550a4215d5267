import { describe, expect, test } from 'vitest'
import { REFUSED, type RefusedGroup, screenHeaders } from '../../../src/faces/s3/screening.ts'

const screen = (group: RefusedGroup, headers: Record<string, string>, { strict = false } = {}) =>
  screenHeaders(new Headers(headers), group, { allows: () => !strict, strict })

const refusal = (name: string, value: string) =>
  expect.objectContaining({ code: 'NotImplemented', message: `Header '${name}' with value '${value}' not implemented` })

const groups = Object.keys(REFUSED) as RefusedGroup[]

test.each(groups.flatMap((group) => REFUSED[group].map((name) => [group, name] as const)))('strictly, %s refuses %s', (group, name) => {
  expect(() => screen(group, { [name]: 'x' }, { strict: true })).toThrow(refusal(name, 'x'))
})

test.each(groups)('%s passes requests without such headers, and headers that others refuse', (group) => {
  const others = new Set<string>(groups.flatMap((other) => REFUSED[other]))
  for (const name of REFUSED[group]) others.delete(name)
  for (const name of ['x-amz-acl', 'x-amz-server-side-encryption']) others.delete(name) // Their values count.
  expect(() => screen(group, Object.fromEntries([...others].map((name) => [name, 'x'])))).not.toThrow()
})

test('the first refused header in the order of the table is named, and an empty value is shown as one', () => {
  expect(() => screen('write', { 'x-amz-website-redirect-location': 'a', 'x-amz-grant-read': '' })).toThrow(refusal('x-amz-grant-read', ''))
})

test.each([
  ['write', 'x-amz-tagging'],
  ['copy', 'x-amz-tagging'],
  ['copy', 'x-amz-tagging-directive'],
] as const)('%s has %s, unless strict', (group, name) => {
  expect(() => screen(group, { [name]: 'a=b' })).not.toThrow()
  expect(() => screen(group, { [name]: 'a=b' }, { strict: true })).toThrow(refusal(name, 'a=b'))
})

test.each(['x-amz-write-offset-bytes', 'x-amz-rename-source', 'x-amz-object-lock-event-hold'])(
  '%s is refused on writes, except strictly',
  (name) => {
    for (const group of ['write', 'copy'] as const) {
      expect(() => screen(group, { [name]: '0' })).toThrow(refusal(name, '0'))
      expect(() => screen(group, { [name]: '0' }, { strict: true })).not.toThrow()
    }
  },
)

describe('what asks for what happens anyway', () => {
  test.each([
    ['write', 'x-amz-acl', 'private'],
    ['write', 'x-amz-acl', 'public-read'],
    ['copy', 'x-amz-acl', 'bucket-owner-full-control'],
    ['write', 'x-amz-server-side-encryption', 'AES256'],
    ['createBucket', 'x-amz-acl', 'private'],
    ['createBucket', 'x-amz-bucket-object-lock-enabled', 'false'],
    ['delete', 'x-amz-bypass-governance-retention', 'true'],
  ] as const)('passes %s with %s: %s', (group, name, value) => expect(() => screen(group, { [name]: value })).not.toThrow())

  test.each([
    ['write', 'x-amz-acl', 'everyone'],
    ['write', 'x-amz-server-side-encryption', 'aws:kms'],
    ['copy', 'x-amz-server-side-encryption', ''],
    ['createBucket', 'x-amz-acl', 'public-read'],
    ['createBucket', 'x-amz-bucket-object-lock-enabled', 'true'],
  ] as const)('does not pass %s with %s: %s', (group, name, value) => {
    expect(() => screen(group, { [name]: value })).toThrow(refusal(name, value))
  })
})
