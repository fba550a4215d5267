import fc from 'fast-check'

/** Longer than any header or URL that Cloudflare lets through. Quadratic work on it takes many seconds. */
const SHAPE_LENGTH = 256 * 1024

/** The time of the quickest of three runs: the others had to share the processor. */
export async function quickestMs(work: () => unknown): Promise<number> {
  let quickest = Number.POSITIVE_INFINITY
  for (let n = 0; n < 3; n++) {
    const startedMs = performance.now()
    await work()
    quickest = Math.min(quickest, performance.now() - startedMs)
  }
  return quickest
}

/**
 * Texts that cost a careless parser much more than their length: runs of one character, one or two pieces again and again, and many
 * pieces of many characters.
 * @param pieces what means something to the parser: separators, names, its prefixes
 */
export function costlyTexts(pieces: readonly string[], length = SHAPE_LENGTH): fc.Arbitrary<string> {
  const piece = fc.oneof(
    fc.constantFrom(...pieces),
    fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)), minLength: 1, maxLength: 2 }),
  )
  const long = fc.tuple(piece, fc.constantFrom(1, 16, 512, length)).map(([text, times]) => repeated(text, times))
  return fc
    .tuple(fc.option(piece, { nil: '' }), long, fc.option(long, { nil: '' }), fc.option(piece, { nil: '' }))
    .map(([start, one, other, end]) => start + repeated(one + other, length) + end)
}

/** `text` again and again, cut at `length`. */
export const repeated = (text: string, length: number): string => text.repeat(Math.ceil(length / text.length)).slice(0, length)
