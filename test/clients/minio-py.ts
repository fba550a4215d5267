import type { Client } from './harness/client.ts'
import { pythonClient } from './harness/python.ts'

export const client: Client = {
  name: 'minio (Python)',
  ...pythonClient({ environment: 'aws', package: 'minio', driver: 'minio_driver.py' }),
  cannot: {
    conditions: 'its put_object takes no conditions: what is no known header becomes metadata (minio/helpers.py, normalize_headers)',
    ssec: 'it sends customer keys over TLS alone (minio/sse.py, SseCustomerKey), and the local server has none',
    checksums: 'it sends none by itself',
    sync: 'the SDK has no such command',
  },
}
