import { join } from 'node:path'
import type { Client } from './harness/client.ts'
import { findPythonPackage, pythonPackages, pythonProgram } from './harness/install.ts'
import { ROOT } from './harness/paths.ts'
import { openProgram, run } from './harness/program.ts'

export const client: Client = {
  name: 'boto3',
  install: [pythonPackages('aws')],
  find: () => findPythonPackage('aws', 'boto3'),
  open: (place) => openProgram(place, [pythonProgram('aws'), join(ROOT, 'test/clients/python/boto3_driver.py')]),
  languages: {
    py: async (file, place) => {
      await run(place, [pythonProgram('aws'), file])
    },
  },
  cannot: { sync: 'the SDK has no such command' },
}
