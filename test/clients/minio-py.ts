import { join } from 'node:path'
import type { Client } from './harness/client.ts'
import { findPythonPackage, pythonPackages, pythonProgram } from './harness/install.ts'
import { ROOT } from './harness/paths.ts'
import { openProgram, run } from './harness/program.ts'

export const client: Client = {
  name: 'minio (Python)',
  install: [pythonPackages('aws')],
  find: () => findPythonPackage('aws', 'minio'),
  open: (place) => openProgram(place, [pythonProgram('aws'), join(ROOT, 'test/clients/python/minio_driver.py')]),
  languages: {
    py: async (file, place) => {
      await run(place, [pythonProgram('aws'), file])
    },
  },
  cannot: {
    conditions: 'its put_object takes no conditions: what is no known header becomes metadata (minio/helpers.py, normalize_headers)',
    ssec: 'it sends customer keys over TLS alone (minio/sse.py, SseCustomerKey), and the local server has none',
    checksums: 'it sends none by itself',
    sync: 'the SDK has no such command',
  },
}
