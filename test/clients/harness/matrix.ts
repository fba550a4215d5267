import type { ScenarioId } from './client.ts'
import { SCENARIOS } from './scenarios/all.ts'
import type { Cell, Row } from './session.ts'

const MARKS: Readonly<Record<Cell['state'], string>> = { passed: '✓', failed: '✗', cannot: '–', none: '' }

export interface Matrix {
  /** Client and version by scenario, in Markdown. */
  readonly table: string
  /** The notes that the table's numbers refer to. */
  readonly notes: string
}

export function matrixOf(rows: readonly Row[]): Matrix {
  const notes: string[] = []
  const numberOf = (note: string) => {
    if (!notes.includes(note)) notes.push(note)
    return notes.indexOf(note) + 1
  }
  const columns = SCENARIOS.filter(({ id }) => rows.some(({ cells }) => cells.has(id)))
  const lines = rows.map(({ client, version, missing, cells }) => {
    const name = `${client.name}${version ? ` ${version}` : ''}`
    if (missing !== undefined) return [name, `not installed: ${missing}`, ...columns.slice(1).map(() => '')]
    return [name, ...columns.map(({ id }) => cellText(cells.get(id), numberOf))]
  })
  const table = [['', ...columns.map(({ title }) => title)], ['---', ...columns.map(() => ':-:')], ...lines]
  return {
    table: table.map((cells) => `| ${cells.join(' | ')} |`).join('\n'),
    notes: notes.map((note, i) => `${i + 1}. ${note}`).join('\n'),
  }
}

function cellText(cell: Cell | undefined, numberOf: (note: string) => number): string {
  if (cell === undefined) return ''
  return cell.note === undefined ? MARKS[cell.state] : `${MARKS[cell.state]} <sup>${numberOf(firstLine(cell.note))}</sup>`
}

const firstLine = (text: string) => text.split('\n')[0]!.replaceAll('|', '\\|')

export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly notInstalled: number
}

export function countsOf(rows: readonly Row[]): Counts {
  const count = (state: Cell['state']) => rows.flatMap(({ cells }) => [...cells.values()]).filter((cell) => cell.state === state).length
  return { passed: count('passed'), failed: count('failed'), notInstalled: rows.filter(({ missing }) => missing !== undefined).length }
}

/** For each scenario, the ids that `--scenarios` takes. */
export const SCENARIO_IDS: readonly ScenarioId[] = SCENARIOS.map(({ id }) => id)
