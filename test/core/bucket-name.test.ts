import { expect, test } from 'vitest'
import { checkBucketName } from '../../src/core/bucket-name.ts'

test.each(['abc', 'a-b', '123', 'my-bucket-2', 'clients', 'a'.repeat(63)])('takes %s', (name) => {
  expect(() => checkBucketName(name)).not.toThrow()
})

test.each([
  ['too short', 'ab'],
  ['too long', 'a'.repeat(64)],
  ['empty', ''],
  ['upper case', 'Photos'],
  ['a dot', 'my.bucket'],
  ['an underscore', 'my_bucket'],
  ['a leading hyphen', '-bucket'],
  ['a trailing hyphen', 'bucket-'],
  ['a trailing newline', 'bucket\n'],
  ['not ASCII', 'bücket'],
  ['reserved for the REST face', 'client'],
  ['reserved for the edge', 'cdn-cgi'],
])('refuses a name that is %s', (_, name) => expect(() => checkBucketName(name)).toThrow('The specified bucket name is not valid.'))
