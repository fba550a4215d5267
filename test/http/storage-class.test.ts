import { expect, test } from 'vitest'
import { readStorageClass, storageClassName } from '../../src/http/storage-class.ts'

const headers = (value: string) => new Headers({ 'x-amz-storage-class': value })

test('without the header the bucket chooses', () => expect(readStorageClass(new Headers())).toBeUndefined())

test.each([
  ['STANDARD', 'Standard'],
  ['STANDARD_IA', 'InfrequentAccess'],
])('%s is %s', (name, storageClass) => expect(readStorageClass(headers(name))).toBe(storageClass))

test.each(['GLACIER', 'standard', 'InfrequentAccess', 'constructor', 'STANDARD, STANDARD'])('%s is refused', (name) => {
  expect(() => readStorageClass(headers(name))).toThrow(
    expect.objectContaining({ code: 'InvalidStorageClass', message: 'The storage class specified is not valid.' }),
  )
})

test('an empty header is refused, where the face has not taken it for absent', () => {
  expect(() => readStorageClass(headers(''))).toThrow('The storage class specified is not valid.')
})

test('classes have S3 names', () => {
  expect(storageClassName('Standard')).toBe('STANDARD')
  expect(storageClassName('InfrequentAccess')).toBe('STANDARD_IA')
})
