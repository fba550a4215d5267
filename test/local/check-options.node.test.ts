import { expect, test } from 'vitest'
import { checkOptions } from '../../src/local/check-options.ts'

test.each([
  [{ bucket: ['photos'] }, 'startCairn has no option bucket: use buckets, tokens, seed, folder, strict, port, host, settings.'],
  [null, 'startCairn takes an object of options, not null.'],
  [{ port: '8787' }, 'The option port is a number from 0 to 65535, not "8787".'],
  [{ port: -1 }, 'The option port is a number from 0 to 65535, not -1.'],
  [{ strict: 'no' }, 'The option strict is true or false, not "no".'],
  [{ buckets: 'photos' }, `The option buckets is a list, such as ['photos'], not "photos".`],
  [{ buckets: [{ name: 'a', publik: true }] }, 'A bucket has no option publik: use name, public, jurisdiction.'],
  [{ buckets: [{ public: true }] }, 'A bucket needs a name: {"public":true} has none.'],
  [{ tokens: { ci: { permission: 'object-read', bucket: ['a'] } } }, 'The token ci has no option bucket: use permission, buckets.'],
  [{ settings: { R2_STRICTT: 'true' } }, 'R2_STRICTT is no setting of Cairn; R2_STRICT is one.'],
  [{ settings: { ROOT_TOKEN: 'x' } }, 'ROOT_TOKEN is no setting of Cairn'],
  [{ settings: { RESET_TOKEN: 'x' } }, 'RESET_TOKEN is no setting of Cairn'],
])('%j is refused with one sentence', (options, message) => {
  expect(() => checkOptions(options as never)).toThrow(message)
})

test('all options of the guide are accepted', () => {
  checkOptions({})
  checkOptions({
    buckets: ['photos', { name: 'site', public: true }, { name: 'law', jurisdiction: 'eu' }],
    tokens: { reader: { permission: 'object-read', buckets: ['photos'] } },
    seed: 'test/seed',
    strict: true,
    folder: '.data',
    port: 8787,
    host: '127.0.0.1',
    settings: { GARBAGE_GRACE_SECONDS: '60' },
  })
})
