import { expect, test } from 'vitest'
import { readStorageClass, storageClassName } from '../../src/http/storage-class.ts'

const headers = (value: string) => new Headers({ 'x-amz-storage-class': value })

test('without the header the bucket chooses', () => expect(readStorageClass(new Headers(), { strict: true })).toBeUndefined())

test.each([
  ['STANDARD', 'Standard'],
  ['STANDARD_IA', 'InfrequentAccess'],
])('%s is %s', (name, storageClass) => expect(readStorageClass(headers(name))).toBe(storageClass))

test.each(['GLACIER', 'standard', 'InfrequentAccess', 'constructor', 'STANDARD, STANDARD'])('%s is refused', (name) => {
  expect(() => readStorageClass(headers(name))).toThrow(
    expect.objectContaining({ code: 'InvalidStorageClass', message: 'The storage class specified is not valid.' }),
  )
})

test('an empty header leaves the choice to the bucket', () => expect(readStorageClass(headers(''))).toBeUndefined())

test('an empty header is refused where R2 is followed to the letter', () => {
  expect(() => readStorageClass(headers(''), { strict: true })).toThrow('The storage class specified is not valid.')
})

test('classes have S3 names', () => {
  expect(storageClassName('Standard')).toBe('STANDARD')
  expect(storageClassName('InfrequentAccess')).toBe('STANDARD_IA')
})
