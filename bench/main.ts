import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { bareDev, bareDirect } from './columns/bare.ts'
import { cairn } from './columns/cairn.ts'
import { type Column, stopAll } from './columns/column.ts'
import { external } from './columns/external.ts'
import { s3rver } from './columns/s3rver.ts'
import { wranglerR2 } from './columns/wrangler-r2.ts'
import { Loader } from './loader.ts'
import { migrationRows } from './migration.ts'
import { type Options, readOptions, USAGE } from './options.ts'
import { FROM_SOURCE, WORKPLACE } from './place.ts'
import { cpuSeconds, peakMib, resetPeak, residentMib } from './processes.ts'
import { type Cell, median, type Report, render } from './report.ts'
import {
  COST_ROWS,
  type CostRow,
  EMPTY_BUCKET,
  FULL_BUCKET,
  fullKeys,
  keysFor,
  LIST_BUCKET,
  listedKeys,
  MAIN_BUCKET,
  type Measured,
  ROWS,
  type Row,
  SMALL_BUCKET,
} from './rows.ts'
import { Session } from './session.ts'

const LIMIT_MS = { quick: 6 * 60_000, full: 55 * 60_000 }

// The titles of the rows name the sizes of a full run.

async function bench(options: Options): Promise<void> {
  const work = join(options.folder, 'run')
  rmSync(work, { recursive: true, force: true })
  mkdirSync(work, { recursive: true })
  const loader = new Loader()
  const sessions: Session[] = []
  try {
    const rows = chosen(ROWS, options)
    const costs = chosen([...COST_ROWS, ...migrationRows(work)], options)
    const report = emptyReport(options)
    await measureCeilings(report, loader, work)
    const columns = rows.length + costs.length > 0 ? columnsFor(options, work) : []
    for (const column of columns) sessions.push(await prepare(column, { rows, costs, loader, options }))
    for (const { column, running } of sessions) {
      ;(report.columns as string[]).push(column.name)
      if (running.pid) Object.assign(report.idleMib, { [column.name]: residentMib(running.pid) })
    }
    const usage = watchUsage(sessions)
    for (const row of rows) await measureRow(report, row, sessions, options)
    for (const row of costs) await measureCost(report, row, sessions, options)
    Object.assign(report.usage, usage())
    mkdirSync(dirname(options.json), { recursive: true })
    writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`)
    console.log(`\n${render(report)}\n\nThe figures are in ${options.json}`)
  } finally {
    loader.stop()
    await stopAll()
    rmSync(work, { recursive: true, force: true })
  }
}

function columnsFor({ columns, peers, folder }: Options, work: string): Column[] {
  const buckets = [MAIN_BUCKET, LIST_BUCKET]
  const all: [string, () => Column][] = [
    ['r2', () => wranglerR2(join(work, 'wrangler-r2'), buckets)],
    ['dev', () => cairn('dev', join(work, 'cairn-dev'))],
    ['serve', () => cairn('serve', join(work, 'cairn-serve'))],
    ['s3rver', () => s3rver(join(work, 's3rver'), join(folder, 's3rver'))],
  ]
  const here = all.filter(([name]) => FROM_SOURCE || name !== 'dev') // The package has no `dev`.
  const own = here.filter(([name]) => columns.length === 0 || columns.includes(name)).map(([, make]) => make())
  return [...own, ...peers.map(({ name, url }) => external(name, url))]
}

const chosen = <R extends { id: string }>(rows: readonly R[], { rows: wanted }: Options): R[] =>
  rows.filter(({ id }) => wanted.length === 0 || wanted.some((start) => id.startsWith(start)))

function emptyReport({ quick, rounds }: Options): Report {
  const [cpu] = cpus()
  const machine = {
    cores: cpus().length,
    processor: cpu?.model.trim() ?? '',
    'memory GiB': Math.round(totalmem() / 1024 ** 3),
    node: process.version,
  }
  return { machine, quick, rounds, ceilings: {}, columns: [], idleMib: {}, rows: [], costs: [], usage: {} }
}

const BIG = 100 * 1024 * 1024

/** Measures the load generator and the two servers with a Worker that does nothing. */
async function measureCeilings(report: Report, loader: Loader, work: string): Promise<void> {
  for (const [name, start] of [
    ['wrangler dev', bareDev],
    ['serve', bareDirect],
  ] as const) {
    const { port, stop } = await start(join(work, `bare-${name.replace(' ', '-')}`))
    const host = '127.0.0.1'
    const head = (method: string, path: string, extra = '') => `${method} ${path} HTTP/1.1\r\nhost: ${host}:${port}\r\n${extra}\r\n`
    const run = (concurrency: number, request: { head: string; body?: number }, count?: number) =>
      loader.run({ host, port, requests: [request], concurrency, count, limitMs: count ? 60_000 : 1500, expect: { status: 200 } })
    const get = { head: head('GET', '/?bytes=1024') }
    await run(16, get)
    for (const concurrency of [1, 16]) {
      const { count, seconds } = await run(concurrency, get)
      Object.assign(report.ceilings, { [`${name}: GET 1 KiB, ${concurrency} at a time, ops/s`]: count / seconds })
    }
    const down = await run(1, { head: head('GET', `/?bytes=${BIG}`) }, 4)
    const up = await run(1, { head: head('PUT', '/', `content-length: ${BIG}\r\n`), body: BIG }, 4)
    Object.assign(report.ceilings, {
      [`${name}: GET 100 MiB, MiB/s`]: (down.count * 100) / down.seconds,
      [`${name}: PUT 100 MiB, MiB/s`]: (up.count * 100) / up.seconds,
    })
    await stop()
  }
}

type Plan = { rows: readonly Row[]; costs: readonly CostRow[]; loader: Loader; options: Options }

/** Starts a server and gives it the data that the chosen rows read. */
async function prepare(column: Column, { rows, costs, loader, options }: Plan): Promise<Session> {
  const { quick } = options
  console.log(`Preparing ${column.name}`)
  const open = async () => new Session({ column, running: await column.start(), loader, quick })
  const listed = rows.some(({ id }) => id.startsWith('list'))
  const costly = column.ours && costs.length > 0
  const fills: [string, number][] = [
    ...(listed ? [[LIST_BUCKET, listedKeys(quick)] as [string, number]] : []),
    ...(costly
      ? ([
          [SMALL_BUCKET, 1000],
          [FULL_BUCKET, fullKeys(quick)],
        ] as [string, number][])
      : []),
  ]
  let session = await open()
  await session.createBucket(MAIN_BUCKET)
  if (costly) await session.createBucket(EMPTY_BUCKET)
  for (const [bucket, keys] of fills) {
    await session.createBucket(bucket)
    if (column.fill) await session.call({ method: 'PUT', bucket, key: templateOf(bucket), body: 64 })
    else await upload(session, bucket, keys)
  }
  if (column.fill && fills.length > 0) {
    await session.running.stop()
    for (const [bucket, keys] of fills) column.fill(bucket, templateOf(bucket), keysFor(keys))
    session = await open()
  }
  return session
}

const templateOf = (bucket: string) => `0-template-of-${bucket}`

async function upload(session: Session, bucket: string, keys: number): Promise<void> {
  const calls = [...keysFor(keys)].map((key) => ({ method: 'PUT', bucket, key, body: 64 }))
  await session.load(calls, { concurrency: 16, count: keys, limitMs: 10 * 60_000, expect: { status: 200 } })
}

async function measureRow(report: Report, row: Row, sessions: readonly Session[], { rounds }: Options): Promise<void> {
  const measured = new Map<string, (Measured & { cpuMs?: number; peakMib?: number })[]>()
  const errors: Record<string, string> = {}
  const attempt = async ({ column }: Session, work: () => Promise<void>) => {
    if (errors[column.name] !== undefined) return
    await work().catch((error) => {
      errors[column.name] = (error as Error).message
      console.log(`  ${column.name} cannot: ${(error as Error).message}`)
    })
  }
  console.log(row.title)
  for (const session of sessions) await attempt(session, async () => row.setup?.(session))
  // Each round measures every server before the next round begins, so that a disturbance of the machine affects all of them.
  for (let round = 0; round < rounds; round++) {
    for (const session of sessions) {
      await attempt(session, async () => {
        restDisk()
        const figures = await withUsage(session.running.pid, () => row.measure(session, round))
        measured.set(session.column.name, [...(measured.get(session.column.name) ?? []), figures])
      })
    }
  }
  const cells = Object.fromEntries([...measured].filter(([name]) => errors[name] === undefined).map(([name, all]) => [name, cellOf(all)]))
  console.log(
    `  ${Object.entries(cells)
      .map(([name, { value }]) => `${name} ${value.toFixed(1)}`)
      .join(', ')} ${row.unit}`,
  )
  const { id, title, unit, wanted } = row
  report.rows.push({ row: { id, title, unit, wanted }, cells, errors })
}

/** Flushes the writes of earlier servers, which can be gigabytes, before the next server is measured: it would have to wait for them. */
function restDisk(): void {
  spawnSync('sync')
}

async function withUsage(pid: number | undefined, work: () => Promise<Measured>) {
  if (pid === undefined) return work()
  resetPeak(pid)
  const before = cpuSeconds(pid)
  const measured = await work()
  const cpuMs = measured.operations && ((cpuSeconds(pid) - before) * 1000) / measured.operations
  return { ...measured, cpuMs, peakMib: peakMib(pid) }
}

function cellOf(all: readonly (Measured & { cpuMs?: number; peakMib?: number })[]): Cell {
  const of = (pick: (measured: (typeof all)[number]) => number | undefined) => {
    const values = all.map(pick).filter((value) => value !== undefined)
    return values.length > 0 ? median(values) : undefined
  }
  const rounds = all.map(({ value }) => value)
  const peaks = all.flatMap(({ peakMib }) => peakMib ?? [])
  return {
    value: median(rounds),
    rounds,
    p50Ms: of(({ p50Ms }) => p50Ms),
    p99Ms: of(({ p99Ms }) => p99Ms),
    cpuMs: of(({ cpuMs }) => cpuMs),
    peakMib: peaks.length > 0 ? Math.max(...peaks) : undefined,
  }
}

async function measureCost(report: Report, row: CostRow, sessions: readonly Session[], { rounds }: Options): Promise<void> {
  console.log(`${row.title} ${row.small} / ${row.large}`)
  const cells: Record<string, { small: number; large: number }> = {}
  const measured = sessions.filter(({ column }) => column.ours && (row.columns ?? [column.name]).includes(column.name))
  for (const session of measured) {
    await row.setup?.(session)
    const found = { small: [] as number[], large: [] as number[] }
    for (let round = 0; round < rounds; round++) {
      for (const size of ['small', 'large'] as const) found[size].push(await row.measure(session, round, size))
    }
    cells[session.column.name] = { small: median(found.small), large: median(found.large) }
  }
  const { id, title, small, large, wanted } = row
  report.costs.push({ row: { id, title, small, large, wanted }, cells })
}

/** Records each server's processor time and peak memory from now on. */
function watchUsage(sessions: readonly Session[]): () => Report['usage'] {
  const started = sessions.map(({ running }) => (running.pid ? cpuSeconds(running.pid) : 0))
  let peaks = sessions.map(() => 0)
  const timer = setInterval(() => {
    peaks = sessions.map(({ running }, i) => Math.max(peaks[i]!, running.pid ? residentMib(running.pid) : 0))
  }, 500)
  return () => {
    clearInterval(timer)
    return Object.fromEntries(
      sessions.flatMap(({ column, running }, i) =>
        running.pid ? [[column.name, { cpuSeconds: cpuSeconds(running.pid) - started[i]!, peakMib: peaks[i]! }]] : [],
      ),
    )
  }
}

if (process.argv.includes('--help')) console.log(USAGE)
else {
  const options = readOptionsOrExit()
  const stop = async (why: string, code: number) => {
    console.error(why)
    await stopAll()
    process.exit(code)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop('Stopped.', 130))
  setTimeout(() => stop('The run took too long and was ended.', 1), options.quick ? LIMIT_MS.quick : LIMIT_MS.full).unref()
  try {
    await bench(options)
    process.exit(0)
  } catch (error) {
    await stop((error as Error).stack ?? String(error), 1)
  }
}

function readOptionsOrExit(): Options {
  try {
    return readOptions(process.argv.slice(2), WORKPLACE)
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`)
    process.exit(2)
  }
}
