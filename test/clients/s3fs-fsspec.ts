import type { Client } from './harness/client.ts'
import { parquetByRange } from './harness/parquet.ts'
import { pythonClient } from './harness/python.ts'

export const client: Client = {
  name: 's3fs (fsspec)',
  ...pythonClient({ environment: 'data', package: 's3fs', driver: 's3fs_driver.py' }),
  own: parquetByRange('data', 's3fs'),
}
