import { describe, expect, test } from 'vitest'
import { DEFAULT_LIFECYCLE, type LifecycleRule } from '../../../../src/core/lifecycle.ts'
import { parseLifecycleConfiguration, renderLifecycleConfiguration } from '../../../../src/faces/s3/configurations/lifecycle.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const parse = (...rules: string[]) =>
  parseLifecycleConfiguration(bytes(`<LifecycleConfiguration>${rules.join('')}</LifecycleConfiguration>`))
const DAY_S = 86_400

/** A rule with these children, and whatever a rule needs besides. */
const rule = (children: string) => `<Rule><ID>r</ID><Status>Enabled</Status>${children}</Rule>`
const EXPIRE = '<Expiration><Days>1</Days></Expiration>'

const ABORT = '<AbortIncompleteMultipartUpload><DaysAfterInitiation>3</DaysAfterInitiation></AbortIncompleteMultipartUpload>'
const tag = (key: string, value = '') => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`
const greater = (bytes: number | string) => `<ObjectSizeGreaterThan>${bytes}</ObjectSizeGreaterThan>`
const less = (bytes: number) => `<ObjectSizeLessThan>${bytes}</ObjectSizeLessThan>`

const FULL: LifecycleRule = {
  id: 'everything & more',
  enabled: true,
  prefix: 'a/<b>',
  expiration: { ageSeconds: 60 * DAY_S },
  transitions: [{ ageSeconds: 0 }, { dateMs: Date.UTC(2027, 0, 31) }],
  abortAfterSeconds: 3 * DAY_S,
}
const DATED: LifecycleRule = { id: 'dated', enabled: false, prefix: '', expiration: { dateMs: Date.UTC(2027, 0, 31) } }

test('is printed in the order of the reference', () => {
  expect(renderLifecycleConfiguration([FULL, DATED])).toBe(
    '<?xml version="1.0" encoding="UTF-8"?><LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' +
      '<Rule><ID>everything &amp; more</ID><Filter><Prefix>a/&lt;b&gt;</Prefix></Filter><Status>Enabled</Status>' +
      '<Transition><Days>0</Days><StorageClass>STANDARD_IA</StorageClass></Transition>' +
      '<Transition><Date>2027-01-31T00:00:00.000Z</Date><StorageClass>STANDARD_IA</StorageClass></Transition>' +
      '<Expiration><Days>60</Days></Expiration>' +
      '<AbortIncompleteMultipartUpload><DaysAfterInitiation>3</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>' +
      '<Rule><ID>dated</ID><Filter><Prefix></Prefix></Filter><Status>Disabled</Status>' +
      '<Expiration><Date>2027-01-31T00:00:00.000Z</Date></Expiration></Rule></LifecycleConfiguration>',
  )
})

test('what is printed reads back', () => {
  const rules = [FULL, DATED, ...DEFAULT_LIFECYCLE]
  expect(parseLifecycleConfiguration(bytes(renderLifecycleConfiguration(rules)))).toEqual(rules)
})

test('ages that are no whole days are rounded up: written back, they delete nothing earlier', () => {
  const xml = renderLifecycleConfiguration([{ ...DATED, expiration: { ageSeconds: 1.5 * DAY_S }, abortAfterSeconds: 0 }])
  expect(xml).toContain('<Days>2</Days>')
  expect(xml).toContain('<DaysAfterInitiation>1</DaysAfterInitiation>')
  expect(() => parseLifecycleConfiguration(bytes(xml))).not.toThrow()
})

describe('a rule', () => {
  const forms = [
    `<ID>a</ID><Prefix>old/</Prefix><Status>Enabled</Status>${EXPIRE}`,
    `<ID>b</ID><Prefix></Prefix><Status>Disabled</Status>${EXPIRE}`,
    `<ID>c</ID><Filter></Filter><Status>Enabled</Status>${EXPIRE}`,
    `<ID>d</ID><Status>Enabled</Status>${EXPIRE}`,
    `<ID>e</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status>${EXPIRE}`,
    `${EXPIRE}<ID>f</ID><Filter><Prefix>x</Prefix></Filter><Status>Enabled</Status><Transition><Days>1</Days><StorageClass>STANDARD_IA</StorageClass></Transition>`,
    `<Status>Enabled</Status><AbortIncompleteMultipartUpload><DaysAfterInitiation>3</DaysAfterInitiation></AbortIncompleteMultipartUpload><ID>g</ID><Prefix>y</Prefix>`,
  ]

  test('comes back as it was written: its prefix in the place it was in, its elements in their order', () => {
    const written = forms.map((form) => `<Rule>${form}</Rule>`)
    const rules = parse(...written)
    expect(renderLifecycleConfiguration(rules)).toContain(`>${written.join('')}</LifecycleConfiguration>`)
    // As settings are stored.
    expect(renderLifecycleConfiguration(JSON.parse(JSON.stringify(rules)))).toBe(renderLifecycleConfiguration(rules))
    expect(rules.map(({ elements }) => elements === undefined)).toEqual([false, false, false, false, true, false, false])
  })

  test('without an ID comes back with the one it was given, and else as it was', () => {
    const [made] = parse(`<Rule><Prefix>p</Prefix><Status>Enabled</Status>${EXPIRE}</Rule>`)
    expect(renderLifecycleConfiguration([made!])).toContain(
      `<Rule><ID>${made!.id}</ID><Prefix>p</Prefix><Status>Enabled</Status>${EXPIRE}</Rule>`,
    )
  })

  test('with a date that only the REST API could write names the midnight behind it', () => {
    const xml = renderLifecycleConfiguration([{ ...DATED, expiration: { dateMs: Date.UTC(2027, 0, 30, 10) } }])
    expect(xml).toContain('<Date>2027-01-31T00:00:00.000Z</Date>')
  })
})

describe('a prefix', () => {
  test.each([
    ['', ''],
    ['<Filter/>', ''],
    ['<Filter><Prefix/></Filter>', ''],
    ['<Filter><Prefix> a b</Prefix></Filter>', ' a b'],
    ['<Prefix>old/</Prefix>', 'old/'],
    ['<Prefix></Prefix>', ''],
  ])('in %j is %j', (xml, prefix) => expect(parse(rule(xml + EXPIRE))[0]).toMatchObject({ prefix }))
})

describe('a filter', () => {
  const A = { key: 'a', value: '1' }
  const FILTERS: readonly [string, LifecycleRule['prefix'], LifecycleRule['filter']][] = [
    [tag('a', '1'), '', { tags: [A] }],
    [greater(0), '', { sizeGreaterThan: 0 }],
    [less(500), '', { sizeLessThan: 500 }],
    [`<And>${tag('a', '1')}${tag('b')}</And>`, '', { tags: [A, { key: 'b', value: '' }] }],
    [`<And><Prefix>p/</Prefix>${tag('a', '1')}</And>`, 'p/', { tags: [A] }],
    [`<And><Prefix></Prefix>${tag('a', '1')}</And>`, '', { tags: [A] }],
    [`<And>${greater(1)}${less(500)}</And>`, '', { sizeGreaterThan: 1, sizeLessThan: 500 }],
    [`<And><Prefix>p</Prefix>${tag('a', '1')}${greater(1)}${less(500)}</And>`, 'p', { tags: [A], sizeGreaterThan: 1, sizeLessThan: 500 }],
  ]

  test.each(FILTERS)('%s is read, and printed as it was written', (xml, prefix, filter) => {
    const written = rule(`<Filter>${xml}</Filter>${EXPIRE}`)
    const [read] = parse(written)
    expect(read).toMatchObject({ prefix, filter })
    for (const stored of [read, JSON.parse(JSON.stringify(read))]) expect(renderLifecycleConfiguration([stored])).toContain(written)
    expect(parse(renderLifecycleConfiguration([read!]).replace(/^.*?(<Rule>.*<\/Rule>).*$/, '$1'))).toEqual([read])
  })

  test.each(FILTERS)('%s in the usual form says the same', (_, prefix, filter) => {
    const made: LifecycleRule = { id: 'r', enabled: true, prefix, ...(filter && { filter }), expiration: { ageSeconds: DAY_S } }
    expect(parseLifecycleConfiguration(bytes(renderLifecycleConfiguration([made])))).toEqual([made])
  })

  test.each(FILTERS)('%s is unknown to R2', (xml) => {
    const configuration = `<LifecycleConfiguration>${rule(`<Filter>${xml}</Filter>${EXPIRE}`)}</LifecycleConfiguration>`
    expect(() => parseLifecycleConfiguration(bytes(configuration), () => false)).toThrow(expect.objectContaining({ code: 'MalformedXML' }))
  })
})

test('a rule without an ID gets one of its own', () => {
  const [one, other, empty] = parse(...['', '', '<ID/>'].map((id) => `<Rule>${id}<Status>Enabled</Status>${EXPIRE}</Rule>`))
  expect(new Set([one!.id, other!.id, empty!.id]).size).toBe(3)
  expect(one!.id).toHaveLength(36)
})

test('a date is a day or a time', () => {
  for (const date of ['2027-01-31', '2027-01-31T00:00:00Z', ' 2027-01-31T00:00:00.000Z\n']) {
    expect(parse(rule(`<Expiration><Date>${date}</Date></Expiration>`))[0]).toMatchObject({ expiration: { dateMs: Date.UTC(2027, 0, 31) } })
  }
})

describe('refuses', () => {
  const MALFORMED = 'MalformedXML'
  test.each<[string, string, string?]>([
    ['no rules', ''],
    ['an unknown element', '<Rules/>'],
    ['text', 'text'],
    ['a rule without a status', `<Rule>${EXPIRE}</Rule>`],
    ['another status', `<Rule><Status>enabled</Status>${EXPIRE}</Rule>`],
    ['a rule without an action', rule('')],
    ['two expirations', rule(EXPIRE + EXPIRE)],
    ['a filter and a prefix', rule(`<Filter/><Prefix/>${EXPIRE}`)],
    ['two tags without And', rule(`<Filter>${tag('a')}${tag('b')}</Filter>${EXPIRE}`)],
    ['And with one predicate', rule(`<Filter><And><Prefix>a</Prefix></And></Filter>${EXPIRE}`)],
    ['And beside a tag', rule(`<Filter><And><Prefix/>${tag('a')}</And>${tag('b')}</Filter>${EXPIRE}`)],
    ['And within And', rule(`<Filter><And><And/><Prefix/></And></Filter>${EXPIRE}`)],
    ['an unknown predicate', rule(`<Filter><And><Prefix/><Suffix/></And></Filter>${EXPIRE}`)],
    ['two prefixes in And', rule(`<Filter><And><Prefix/><Prefix/></And></Filter>${EXPIRE}`)],
    ['a size that is no number', rule(`<Filter>${greater('1.5')}</Filter>${EXPIRE}`)],
    ['a negative size', rule(`<Filter>${greater('-1')}</Filter>${EXPIRE}`)],
    ['a size of too many digits', rule(`<Filter>${greater('1'.repeat(16))}</Filter>${EXPIRE}`)],
    ['a tag without a value', rule(`<Filter><Tag><Key>a</Key></Tag></Filter>${EXPIRE}`)],
    ['a tag key twice', rule(`<Filter><And>${tag('a')}${tag('a')}</And></Filter>${EXPIRE}`), 'InvalidRequest'],
    ['a tag and an abortion', rule(`<Filter>${tag('a')}</Filter>${ABORT}`), 'InvalidRequest'],
    ['a size and an abortion', rule(`<Filter>${greater(1)}</Filter>${EXPIRE}${ABORT}`), 'InvalidRequest'],
    ['versions', rule('<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>')],
    ['delete markers', rule('<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>')],
    ['an empty expiration', rule('<Expiration/>')],
    ['days and a date', rule('<Expiration><Days>1</Days><Date>2027-01-31</Date></Expiration>')],
    ['days that are no number', rule('<Expiration><Days>1.5</Days></Expiration>')],
    ['too many digits', rule('<Expiration><Days>12345678901</Days></Expiration>')],
    ['a date that is none', rule('<Expiration><Date>2027-02-30</Date></Expiration>')],
    // What boto3 makes of 20200101, as of a Unix time.
    ['a date that is no midnight', rule('<Expiration><Date>1970-08-22T19:08:21Z</Date></Expiration>'), 'InvalidArgument'],
    ['a midnight elsewhere', rule('<Expiration><Date>2027-01-31T00:00:00+02:00</Date></Expiration>'), 'InvalidArgument'],
    ['a date of digits alone', rule('<Expiration><Date>20200101</Date></Expiration>')],
    ['no days', rule('<Expiration><Days>0</Days></Expiration>'), 'InvalidArgument'],
    ['negative days', rule('<Expiration><Days>-1</Days></Expiration>'), 'InvalidArgument'],
    ['a transition without a class', rule('<Transition><Days>1</Days></Transition>')],
    ['a transition to nothing', rule('<Transition><StorageClass>STANDARD_IA</StorageClass></Transition>')],
    ['another class', rule('<Transition><Days>1</Days><StorageClass>GLACIER</StorageClass></Transition>'), 'InvalidStorageClass'],
    ['an abort without days', rule('<AbortIncompleteMultipartUpload/>')],
    [
      'an abort after no days',
      rule('<AbortIncompleteMultipartUpload><DaysAfterInitiation>0</DaysAfterInitiation></AbortIncompleteMultipartUpload>'),
      'InvalidArgument',
    ],
    ['more than a thousand rules', rule(EXPIRE).repeat(1001)],
  ])('%s', (_, xml, code = MALFORMED) => expect(() => parse(xml)).toThrow(expect.objectContaining({ code })))

  test('another root', () => {
    expect(() => parseLifecycleConfiguration(bytes(`<BucketLifecycle>${rule(EXPIRE)}</BucketLifecycle>`))).toThrow(
      expect.objectContaining({ code: MALFORMED }),
    )
  })
})
