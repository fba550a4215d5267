import fc from 'fast-check'

/** Longer than any header or URL that Cloudflare accepts. Quadratic work on it takes many seconds. */
const SHAPE_LENGTH = 256 * 1024

/** The time of the quickest of three runs: the other runs may have had to share the processor. */
export async function quickestMs(work: () => unknown): Promise<number> {
  let quickest = Number.POSITIVE_INFINITY
  for (let n = 0; n < 3; n++) {
    const startedMs = performance.now()
    await work()
    quickest = Math.min(quickest, performance.now() - startedMs)
  }
  return quickest
}

/** A text that a failure prints by its shape: the text itself fills several screens. */
export interface CostlyText {
  readonly text: string
}

/**
 * Texts that cost a careless parser much more than their length: runs of one character, one or two pieces repeated, and many pieces of many
 * characters.
 * @param pieces texts that mean something to the parser: separators, names, prefixes of names
 */
export function costlyTexts(pieces: readonly string[], length = SHAPE_LENGTH): fc.Arbitrary<CostlyText> {
  const printable = fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code))
  const piece = fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: printable, minLength: 1, maxLength: 2 }))
  const run = fc.record({ piece, length: fc.constantFrom(1, 16, 512, length) })
  const edge = fc.option(piece, { nil: '' })
  return fc.record({ start: edge, runs: fc.array(run, { minLength: 1, maxLength: 2 }), end: edge }).map((shape) => {
    const { start, runs, end } = shape
    const middle = repeated(runs.map((part) => repeated(part.piece, part.length)).join(''), length)
    return { text: start + middle + end, [fc.toStringMethod]: () => JSON.stringify(shape) }
  })
}

/** `text` repeated, cut at `length`. */
export const repeated = (text: string, length: number): string => text.repeat(Math.ceil(length / text.length)).slice(0, length)
