/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: S3 writes it so in the fields of forms. */
import { expect, test } from 'vitest'
import { collectFields, fieldValue, withFilename } from '../../src/core/form-fields.ts'
import { LIMITS } from '../../src/core/limits.ts'

const filled = (value: string, filename: string, name = 'key') => fieldValue(withFilename(collectFields([{ name, value }]), filename), name)

test.each([
  ['a/${filename}', '$&.txt', 'a/$&.txt'],
  ['${filename}${filename}', 'x', 'xx'],
  ['${filename}', '${filename}', '${filename}'],
  ['${Filename}$', 'x', '${Filename}$'],
  ['${filename}', '', ''],
])('%s of the file %s is %s', (value, filename, expected) => {
  expect(filled(value, filename)).toBe(expected)
})

test('the policy and the signature stay as they were signed', () => {
  for (const name of ['policy', 'x-amz-signature']) expect(filled('${filename}', 'x', name)).toBe('${filename}')
})

test('names of files in fields make no more text than fields may have', () => {
  const refused = expect.objectContaining({ code: 'MaxPostPreDataLengthExceeded' })
  expect(filled('${filename}', 'x'.repeat(LIMITS.formFieldBytes))).toHaveLength(LIMITS.formFieldBytes)
  expect(() => filled('${filename}'.repeat(900), 'x'.repeat(9000))).toThrow(refused)
  const many = Array.from({ length: 100 }, (_, index) => ({ name: `x-ignore-${index}`, value: '${filename}' }))
  expect(() => withFilename(collectFields(many), 'x'.repeat(1000))).toThrow(refused)
})
