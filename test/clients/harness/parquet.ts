import type { Client, Place } from './client.ts'
import { runPython } from './python.ts'
import { expectEqual, expectTrue } from './scenarios/scenario.ts'

/** Rows that python/parquet.py writes, numbered from 0, in ten row groups. */
const ROWS = 500_000

/**
 * A table goes up as Parquet; the sum of the numbers of one row group comes back, for which a reader fetches the footer and one column's chunk
 * by ranges and leaves the rest.
 */
export const parquetByRange = (environment: string, library: 's3fs' | 'pyarrow' | 'duckdb'): NonNullable<Client['own']> => ({
  title: 'Parquet: writes a table, and reads a column of one row group by ranges',
  async run(place: Place) {
    const { reader, bucket, wire } = place
    const at = { bucket, key: 'tables/numbers.parquet' }
    await runPython(place, environment, ['parquet.py', library, 'write', bucket, at.key, String(ROWS)])
    const size = Number((await reader.head(at))?.['content-length'])
    expectTrue(size > ROWS * 8, `the table of ${size} bytes is too small to show anything`)
    wire.forget()
    const last = ROWS - ROWS / 10
    const sum = await runPython<number>(place, environment, ['parquet.py', library, 'read', bucket, at.key, String(last)])
    expectEqual(sum, ((last + ROWS - 1) * (ROWS - last)) / 2, 'the sum')
    const spans = wire.sent.filter(({ method }) => method === 'GET').map(({ headers }) => spanOf(headers.range, size))
    const read = spans.reduce((all, span) => all + span, 0)
    expectTrue(read > 0 && read < size / 2, `it read ${read} of ${size} bytes, in ${spans.length} requests`)
  },
})

/** How many bytes a range asks for. */
function spanOf(range: string | undefined, size: number): number {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(range ?? 'bytes=0-')!
  if (first === '') return Number(last)
  return Math.min(last === '' ? size : Number(last) + 1, size) - Number(first)
}
