// A strict parser of the Prometheus text format, version 0.0.4. It fails for anything that a scraper might refuse or read differently.
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details

export interface ParsedSample {
  readonly labels: ReadonlyMap<string, string>
  readonly value: number
}

export interface ParsedFamily {
  readonly name: string
  readonly type: string
  readonly samples: ParsedSample[]
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"/y
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (\S+)$/

/** Reads an exposition. @throws Error for anything that the format does not allow, or that is there twice */
export function parseExposition(text: string): Map<string, ParsedFamily> {
  if (!text.endsWith('\n')) throw new Error('The last line must end with a line feed')
  const families = new Map<string, ParsedFamily>()
  const helped = new Set<string>()
  const seen = new Set<string>()
  let current: ParsedFamily | undefined
  for (const line of text.slice(0, -1).split('\n')) {
    if (line.startsWith('# HELP ')) {
      const [, , name = '', ...words] = line.split(' ')
      if (!NAME.test(name) || helped.has(name) || words.length === 0) throw new Error(`Bad HELP: ${line}`)
      helped.add(name)
    } else if (line.startsWith('# TYPE ')) {
      const [, , name = '', type = '', ...more] = line.split(' ')
      const isKnown = ['counter', 'gauge', 'histogram', 'summary', 'untyped'].includes(type)
      if (!helped.has(name) || families.has(name) || !isKnown || more.length > 0) throw new Error(`Bad TYPE: ${line}`)
      if (type === 'counter' && !name.endsWith('_total')) throw new Error(`A counter ends in _total: ${line}`)
      current = { name, type, samples: [] }
      families.set(name, current)
    } else current?.samples.push(parseSample(line, current, seen))
  }
  return families
}

function parseSample(line: string, family: ParsedFamily, seen: Set<string>): ParsedSample {
  const [, name, braces, number = ''] = SAMPLE.exec(line) ?? []
  // All lines of a family stand together, below its TYPE.
  if (name !== family.name) throw new Error(`A sample outside of its family: ${line}`)
  const labels = parseLabels(braces ?? '{}', line)
  const key = `${name} ${JSON.stringify([...labels].sort())}`
  if (seen.has(key)) throw new Error(`The same sample twice: ${line}`)
  seen.add(key)
  const value = Number(number)
  if (!/^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/.test(number) || Number.isNaN(value)) throw new Error(`No number: ${line}`)
  if (family.type === 'counter' && value < 0) throw new Error(`A counter is not negative: ${line}`)
  return { labels, value }
}

function parseLabels(braces: string, line: string): Map<string, string> {
  const labels = new Map<string, string>()
  const inside = braces.slice(1, -1)
  for (let at = 0; at < inside.length; ) {
    LABEL.lastIndex = at
    const found = LABEL.exec(inside)
    if (!found || labels.has(found[1]!)) throw new Error(`Bad labels: ${line}`)
    labels.set(found[1]!, found[2]!.replaceAll('\\n', '\n').replaceAll('\\"', '"').replaceAll('\\\\', '\\'))
    at = LABEL.lastIndex
    if (at < inside.length && inside[at++] !== ',') throw new Error(`Bad labels: ${line}`)
  }
  return labels
}
