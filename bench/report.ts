import type { CostRow, Row } from './rows.ts'

export interface Cell {
  /** The median of the rounds. */
  readonly value: number
  readonly rounds: readonly number[]
  readonly p50Ms?: number
  readonly p99Ms?: number
  /** The processor time of the server's processes per operation. */
  readonly cpuMs?: number
  /** The peak memory of the server's processes during the row. */
  readonly peakMib?: number
}

export interface Report {
  readonly machine: Readonly<Record<string, string | number>>
  readonly quick: boolean
  readonly rounds: number
  readonly ceilings: Readonly<Record<string, number>>
  readonly columns: readonly string[]
  readonly idleMib: Readonly<Record<string, number>>
  readonly rows: { row: Pick<Row, 'id' | 'title' | 'unit' | 'wanted'>; cells: Record<string, Cell>; errors: Record<string, string> }[]
  readonly costs: {
    row: Pick<CostRow, 'id' | 'title' | 'small' | 'large' | 'wanted'>
    cells: Record<string, { small: number; large: number }>
  }[]
  /** Processor seconds and peak MiB of each server over the whole run. */
  readonly usage: Record<string, { cpuSeconds: number; peakMib: number }>
}

const PEER = 'wrangler R2'
const SERVERS = { dev: 'cairn (wrangler dev)', serve: 'cairn (serve)' } as const

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export function render(report: Report): string {
  return [
    Object.entries(report.machine)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
    `${report.rounds} rounds, medians${report.quick ? '; quick: smaller data, fewer operations, figures to debug with' : ''}`,
    `\n${renderCeilings(report)}`,
    `\n${renderRows(report)}`,
    `\n${renderLatencies(report)}`,
    ...(report.costs.length > 0 ? [`\n${renderCosts(report)}`] : []),
    `\n${renderUsage(report)}`,
  ].join('\n')
}

const table = (header: readonly string[], rows: readonly (readonly string[])[]) =>
  [header, header.map((_, i) => (i === 0 ? '---' : '--:')), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

function renderCeilings({ ceilings }: Report): string {
  return table(
    ['the load generator against a Worker that does nothing', ''],
    Object.entries(ceilings).map(([name, value]) => [name, figure(value)]),
  )
}

function renderRows(report: Report): string {
  const others = report.columns.filter((name) => name !== PEER)
  const header = ['row', 'unit', ...(report.columns.includes(PEER) ? [PEER] : []), ...others.flatMap((name) => [name, '×'])]
  return table(
    header,
    report.rows.map(({ row, cells, errors }) => {
      const show = (name: string) => (cells[name] ? figure(cells[name].value) : errors[name] ? 'cannot' : '')
      const peer = cells[PEER]
      const ratios = others.flatMap((name) => {
        const mine = cells[name]
        return [show(name), mine && peer ? ratioWithTarget(row, name, mine, peer) : '']
      })
      return [row.title, row.unit, ...(report.columns.includes(PEER) ? [show(PEER)] : []), ...ratios]
    }),
  )
}

/** How many times better than the peer, and the target if it was missed. */
function ratioWithTarget(row: Pick<Row, 'unit' | 'wanted'>, column: string, mine: Cell, peer: Cell): string {
  const ratio = row.unit === 'ms' ? peer.value / mine.value : mine.value / peer.value
  const wanted = column === SERVERS.dev ? row.wanted?.dev : column === SERVERS.serve ? row.wanted?.serve : undefined
  return `${ratio.toFixed(ratio < 10 ? 2 : 0)}${wanted !== undefined && ratio < wanted ? ` (wanted ${wanted})` : ''}`
}

const renderLatencies = ({ rows, columns }: Report) =>
  table(
    ['ms: p50 / p99, and processor ms an operation', ...columns],
    rows.map(({ row, cells }) => [
      row.title,
      ...columns.map((name) => {
        const cell = cells[name]
        if (!cell) return ''
        const latency = cell.p50Ms === undefined ? '' : `${figure(cell.p50Ms)} / ${figure(cell.p99Ms!)}`
        return `${latency}${cell.cpuMs === undefined ? '' : `, ${figure(cell.cpuMs)}`}`
      }),
    ]),
  )

const renderCosts = ({ costs }: Report) =>
  table(
    ['cost, ms', 'column', 'small', 'large', '×'],
    costs.flatMap(({ row, cells }) =>
      Object.entries(cells).map(([name, { small, large }]) => {
        const ratio = large / small
        const missed = row.wanted !== undefined && ratio > row.wanted ? ` (wanted ${row.wanted})` : ''
        return [`${row.title} ${row.small} / ${row.large}`, name, figure(small), figure(large), ratio.toFixed(2) + missed]
      }),
    ),
  )

const renderUsage = ({ usage, idleMib }: Report) =>
  table(
    ['server processes', 'idle MiB', 'peak MiB', 'processor seconds'],
    Object.entries(usage).map(([name, { cpuSeconds, peakMib }]) => [
      name,
      figure(idleMib[name] ?? Number.NaN),
      figure(peakMib),
      figure(cpuSeconds),
    ]),
  )

const figure = (value: number): string => {
  if (!Number.isFinite(value)) return ''
  if (value >= 100) return Math.round(value).toLocaleString('en-US')
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
