import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'

// A regular expression that a client's text reaches must take time that is linear in that text. The engine backtracks, so
// `/[ ]+$/` over a run of spaces is tried from each of them: 850 KB of spaces once held an isolate for minutes.
// Every expression in the source runs here over long runs of the characters that it is about.

const ROOT = join(import.meta.dirname, '..')
const FOLDERS = ['src', 'durable-objects']

interface Literal {
  readonly place: string
  readonly source: string
  readonly flags: string
}

const files = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(ROOT, folder, name)),
)

/** A literal stands where a value may: behind one of these, or at the start of a line. */
const LITERAL =
  /(?:^|[(,=:[!&|?;]|return|=>)\s*\/((?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])*)\/([a-z]*)/gm

const withoutComments = (code: string) =>
  code
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '')
    .replace(/ \/\/ .*$/gm, '')

const literals: Literal[] = files
  .flatMap((file) =>
    [...withoutComments(readFileSync(file, 'utf8')).matchAll(LITERAL)].map(([, source, flags]) => ({
      place: relative(ROOT, file),
      source: source!,
      flags: flags!,
    })),
  )
  .filter(isExpression)

/** Paths between slashes, in texts, look like literals. */
function isExpression({ source }: Literal): boolean {
  return /[\\[(^$.+*{|]/.test(source) && !source.includes('${') && !source.includes('`')
}

/** What is repeated: characters of every usual class, and those that the expression itself names, alone and in pairs. */
function pumpsOf(source: string): string[] {
  const named = new Set([...source.replace(/\\[dDwWsSbB]/g, '')])
  const single = new Set([...named, ' ', '\t', '\n', 'a', 'A', '0', '"', ',', ';', '=', '/', '-', '.', '_', '%', '&', 'é', '\u0001'])
  const words = source.match(/\w{2,}|[^\w\s\\]{2,}/g) ?? []
  return [...single, ...words, ', ', '=?', '"x",', 'a=', 'a:', 'a.', 'a/', 'a-', '0.']
}

/** What stands before the run, so that the expression gets into the middle of itself. */
const headsOf = (source: string): string[] => ['', ...new Set(source.match(/[A-Za-z<"=?;:-]{1,12}/g) ?? []), '"', '0', 'a']

/** Short ones first: an exponential expression would never come back from a long one. */
const LENGTHS = [22, 25, 28, 300, 3000, 32_000]
/** A linear pass over the longest run takes less than a millisecond, a quadratic one about half a second. */
const SLOW_MS = 120

function millisecondsOf(pattern: RegExp, text: string): number {
  const startedMs = performance.now()
  if (pattern.global) text.replace(pattern, '')
  else {
    pattern.lastIndex = 0
    pattern.exec(text)
  }
  return performance.now() - startedMs
}

/** A busy machine is slow once; an expression that is slow is slow each time. */
const isSlow = (pattern: RegExp, text: string) => [1, 2, 3].every(() => millisecondsOf(pattern, text) > SLOW_MS)

/** The run that an expression is slow on. */
function slowRun({ source, flags }: Pick<Literal, 'source' | 'flags'>): string | undefined {
  const pattern = new RegExp(source, flags)
  for (const head of headsOf(source)) {
    for (const pump of pumpsOf(source)) {
      for (const length of LENGTHS) {
        const run = head + pump.repeat(Math.ceil(length / pump.length))
        if (isSlow(pattern, `${run}\u0000`)) return `${JSON.stringify(head + pump)} repeated to ${length} characters`
      }
    }
  }
  return undefined
}

/** The alternatives at the top of an expression; what stands in brackets belongs to one of them. */
function branchesOf(source: string): string[] {
  const branches = ['']
  let depth = 0
  for (const token of source.match(/\\.|\[(?:\\.|[^\]\\])*\]|[\s\S]/g) ?? []) {
    if (token === '(') depth++
    if (token === ')') depth--
    if (token === '|' && depth === 0) branches.push('')
    else branches.push(branches.pop() + token)
  }
  return branches
}

/** A quantifier without an end before `$`, in an expression that may begin anywhere: slow whatever it is about. */
const hasOpenEnd = ({ source, flags }: Pick<Literal, 'source' | 'flags'>) =>
  !flags.includes('y') && branchesOf(source).some((branch) => /[+*]\??\)*\$/.test(branch) && !branch.startsWith('^'))

describe('a regular expression is linear', () => {
  test('and all of them are looked at', () => {
    expect(literals.length).toBeGreaterThan(100)
    const made = files
      .filter((file) => /new RegExp\(/.test(withoutComments(readFileSync(file, 'utf8'))))
      .map((file) => relative(ROOT, file))
    // Made of constants of ours; a new place is to be looked at.
    expect(made.sort()).toEqual(['src/core/checksums.ts', 'src/faces/rest/route.ts'])
  })

  test.each([[/^[ \t\r\n]+|[ \t\r\n]+$/g], [/,\s*$/], [/(a+)+b/], [/<.*>/]])(
    'and %s would be found',
    (pattern) => {
      expect(hasOpenEnd(pattern) || slowRun(pattern) !== undefined).toBe(true)
    },
    30_000,
  )

  test.each(literals.map((literal) => [`/${literal.source}/${literal.flags}`, literal.place, literal] as const))(
    '%s in %s',
    (_, __, literal) => {
      expect(hasOpenEnd(literal), 'a run before `$` is tried from each of its characters').toBe(false)
      expect(slowRun(literal)).toBeUndefined()
    },
    60_000,
  )
})
