import fc from 'fast-check'
import { PART_MIN_BYTES } from './model.ts'

/** Two spellings of one key, keys that nest, and keys whose order differs between UTF-16 and UTF-8. */
export const KEYS = ['a', 'a/', 'a/b', 'a/b/c', 'a/c', 'b', 'e\u0301', '\u00e9', '\uff5e', '\u{1f600}'] as const

const key = fc.constantFrom(...KEYS)
const bucket = fc.constantFrom(0, 0, 0, 1)
/** Around the limits of tiers, chunks and segments. */
const bytes = fc.oneof(fc.constantFrom(0, 1, 16, 17, 19, 20, 32, 33, 64, 65, 96, 97, 192, 300), fc.nat(320))
/** The number of a customer key, or none. */
const seal = fc.option(fc.integer({ min: 1, max: 2 }), { nil: undefined, freq: 5 })
const note = fc.option(fc.constantFrom('x', 'y', 'ü'), { nil: undefined })
/** The value of the only tag that objects have here, or no tag. */
const tag = fc.option(fc.constantFrom('red', 'blue'), { nil: undefined })
const infrequent = fc.boolean()
const condition = fc.option(
  fc.record({ on: fc.constantFrom('match' as const, 'none-match' as const), tag: fc.constantFrom('any', 'current', 'another') }),
  { nil: undefined, freq: 3 },
)
/** The number of an upload, counted from the youngest. */
const upload = fc.nat(3)
const partNumber = fc.integer({ min: 1, max: 4 })
const share = fc.double({ min: 0, max: 1, noNaN: true })
/** It crosses a stub, which accepts only plain objects. */
const plain = { noNullPrototype: true } as const
const range = fc.oneof(
  fc.record({ offset: fc.nat(330), length: fc.option(fc.integer({ min: 1, max: 330 }), { nil: undefined }) }, plain),
  fc.record({ suffix: fc.nat(330) }, plain),
)
const attributes = { note, tag, seal, infrequent }

const kinds = {
  put: fc.record({ do: fc.constant('put' as const), bucket, key, bytes, condition, ...attributes }),
  broken: fc.record({ do: fc.constant('broken' as const), bucket, key, bytes: fc.nat(63) }),
  get: fc.record({
    do: fc.constant('get' as const),
    bucket,
    key,
    seal,
    condition,
    range: fc.option(range, { nil: undefined }),
    part: fc.option(partNumber, { nil: undefined, freq: 2 }),
  }),
  copy: fc.record({
    do: fc.constant('copy' as const),
    from: fc.record({ bucket, key, seal }),
    bucket,
    key,
    directive: fc.constantFrom('COPY' as const, 'REPLACE' as const, 'MERGE' as const),
    tagging: fc.constantFrom('COPY' as const, 'REPLACE' as const),
    condition,
    ...attributes,
  }),
  tag: fc.record({ do: fc.constant('tag' as const), bucket, key, tag }),
  delete: fc.record({ do: fc.constant('delete' as const), bucket, keys: fc.array(key, { minLength: 1, maxLength: 4 }), condition }),
  rename: fc.record({ do: fc.constant('rename' as const), bucket, from: fc.record({ key, condition }), key, condition }),
  list: fc.record({
    do: fc.constant('list' as const),
    bucket,
    prefix: fc.constantFrom('', 'a', 'a/', 'a/b', 'e', 'e\u0301', '\u{1f600}', 'nothing'),
    delimiter: fc.constantFrom(undefined, '/', 'b', '/b'),
    after: fc.option(fc.oneof(key, fc.constantFrom('a/b/', '0', '\uffff')), { nil: undefined }),
    limit: fc.integer({ min: 1, max: 4 }),
  }),
  create: fc.record({ do: fc.constant('create' as const), bucket, key, condition, ...attributes }),
  part: fc.record({ do: fc.constant('part' as const), upload, partNumber, bytes, seal: fc.option(seal, { nil: 'own' as const }) }),
  copiedPart: fc.record({
    do: fc.constant('copiedPart' as const),
    upload,
    partNumber,
    from: fc.record({ bucket, key }),
    start: share,
    share,
  }),
  complete: fc.record({
    do: fc.constant('complete' as const),
    upload,
    /** Numbers of parts, in this order; a number that has no part makes a wrong list. */
    listed: fc.oneof(fc.constant('all' as const), fc.array(partNumber, { minLength: 1, maxLength: 4 })),
    stale: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    condition,
  }),
  /** All parts again, as a client sends it that lost an answer. */
  again: fc.record({
    do: fc.constant('complete' as const),
    upload,
    listed: fc.constant('all' as const),
    stale: fc.constant(false),
    condition,
  }),
  abort: fc.record({ do: fc.constant('abort' as const), upload }),
  lock: fc.record({
    do: fc.constant('lock' as const),
    bucket,
    rules: fc.array(
      fc.record({
        prefix: fc.constantFrom('', 'a', 'a/', 'e', 'e\u0301', 'nothing'),
        lasts: fc.constantFrom('a second', 'an hour', 'three days', 'for good', 'until tomorrow', 'until yesterday'),
      }),
      { maxLength: 2 },
    ),
  }),
  rule: fc.record({
    do: fc.constant('rule' as const),
    bucket,
    rules: fc.array(
      fc.record({
        prefix: fc.constantFrom('', 'a', 'a/', 'e', 'e\u0301', 'nothing'),
        becomes: fc.constantFrom('deleted' as const, 'deleted' as const, 'infrequent' as const, 'aborted' as const),
        selects: fc.constantFrom('all', 'all', 'red', 'large', 'small and red'),
        when: fc.constantFrom('at once', 'after an hour', 'after a day', 'after three days', 'tomorrow', 'yesterday'),
      }),
      { maxLength: 3 },
    ),
  }),
  /** A whole upload, from its creation to its completion, because random single steps seldom complete one. */
  multipart: fc.record({
    do: fc.constant('multipart' as const),
    bucket,
    key,
    condition,
    /** The lengths of its parts; few of them are too short. */
    parts: fc.array(
      fc.oneof({ weight: 9, arbitrary: fc.integer({ min: PART_MIN_BYTES, max: 200 }) }, { weight: 1, arbitrary: fc.nat(200) }),
      {
        minLength: 1,
        maxLength: 3,
      },
    ),
    ...attributes,
  }),
  uploads: fc.record({ do: fc.constant('uploads' as const), bucket, limit: fc.integer({ min: 1, max: 3 }) }),
  pass: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, 1000, 3_600_000, 2 * 86_400_000) }),
}

export type Step = typeof kinds extends Record<string, fc.Arbitrary<infer T>> ? T : never
export type StepOf<K extends Step['do']> = Extract<Step, { do: K }>

const weighted = (weight: number, arbitrary: fc.Arbitrary<Step>) => ({ weight, arbitrary })

export const step: fc.Arbitrary<Step> = fc.oneof(
  weighted(5, kinds.put),
  weighted(1, kinds.broken),
  weighted(4, kinds.get),
  weighted(4, kinds.copy),
  weighted(2, kinds.tag),
  weighted(2, kinds.delete),
  weighted(3, kinds.rename),
  weighted(2, kinds.list),
  weighted(2, kinds.create),
  weighted(6, kinds.part),
  weighted(3, kinds.copiedPart),
  weighted(3, kinds.complete),
  weighted(3, kinds.multipart),
  weighted(2, kinds.again),
  weighted(1, kinds.abort),
  weighted(1, kinds.uploads),
  weighted(2, kinds.lock),
  weighted(2, kinds.rule),
  weighted(2, kinds.pass),
)
