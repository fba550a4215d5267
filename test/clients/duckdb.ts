import type { Client } from './harness/client.ts'
import { parquetByRange } from './harness/parquet.ts'
import { pythonClient } from './harness/python.ts'
import { expectEqual } from './harness/scenarios/scenario.ts'

export const client: Client = {
  name: 'DuckDB',
  ...pythonClient({ environment: 'data', package: 'duckdb' }),
  snippetLeft: async ({ reader }) => {
    expectEqual(
      (await reader.read({ bucket: 'photos', key: 'answer.parquet' })).toString('latin1', 0, 4),
      'PAR1',
      'the beginning of the table',
    )
  },
  own: parquetByRange('data', 'duckdb'),
  cannot: { rest: 'a database: it writes and reads tables' },
}
