import { join } from 'node:path'
import type { Client } from './harness/client.ts'
import { findByCommand, onceFor } from './harness/install.ts'
import { INSTALLED, ROOT } from './harness/paths.ts'
import { execute, openProgram, run } from './harness/program.ts'

const FOLDER = join(ROOT, 'test/clients/go')
const PROGRAM = join(INSTALLED, 'aws-sdk-go')
const SOURCES = ['go.mod', 'go.sum', 'main.go', 'verbs.go'].map((name) => join(FOLDER, name))

export const client: Client = {
  name: 'aws-sdk-go-v2',
  install: [onceFor('AWS SDK for Go', SOURCES, async () => void (await execute(['go', 'build', '-o', PROGRAM, '.'], { cwd: FOLDER })))],
  find: () => findByCommand(['go', 'version', '-m', PROGRAM], /service\/s3\s+v(\S+)/),
  open: (place) => openProgram(place, [PROGRAM]),
  languages: {
    go: async (file, place) => {
      const program = join(place.folder, 'snippet')
      await execute(['go', 'build', '-o', program, file], { cwd: FOLDER })
      await run(place, [program])
    },
  },
  cannot: { sync: 'the SDK has no such command', forms: 'the SDK signs them, and the driver does not try it' },
}
