import type { Client } from './harness/client.ts'
import { parquetByRange } from './harness/parquet.ts'
import { pythonClient } from './harness/python.ts'

/** Arrow's own file system, which is built on the AWS SDK for C++. */
export const client: Client = {
  name: 'pyarrow (AWS SDK for C++)',
  ...pythonClient({ environment: 'data', package: 'pyarrow', driver: 'arrow_driver.py' }),
  own: parquetByRange('data', 'pyarrow'),
  emptiesBuckets: true,
  marksFolders: true,
  keysNot: { 'leading slash': 'it refuses an empty component in a path' },
  notes: {
    buckets: 'its `delete_dir` empties the bucket first',
    objects: 'it leaves `dir/` as an empty object when it takes the last file away',
    checksums: 'in parts, whose CRC64NVME comes in the trailer; the upload names no algorithm, so that none is stored',
  },
  cannot: {
    presigned: 'a file system, without URLs',
    conditions: 'a file system, without conditions',
    ssec: 'S3FileSystem in Python takes no customer key',
    metadata: 'it writes headers and has no way to read them',
    tags: 'a file system, without tags',
    sync: 'has no such command',
  },
}
