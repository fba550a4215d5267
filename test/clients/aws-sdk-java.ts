import { join } from 'node:path'
import type { Client } from './harness/client.ts'
import { findByCommand, onceFor } from './harness/install.ts'
import { INSTALLED, ROOT } from './harness/paths.ts'
import { execute, openProgram, run } from './harness/program.ts'

const FOLDER = join(ROOT, 'test/clients/java')
const SOURCES = ['pom.xml', 'src/main/java/Main.java', 'src/main/java/Verbs.java'].map((name) => join(FOLDER, name))
const TARGET = join(INSTALLED, 'aws-sdk-java')
/** Each scenario starts a JVM of its own, so it should start fast. */
const JAVA = ['java', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', `${join(TARGET, 'classes')}:${join(TARGET, 'dependency/*')}`]

export const client: Client = {
  name: 'aws-sdk-java-v2',
  install: [onceFor('AWS SDK for Java', SOURCES, build)],
  find: () => findByCommand([...JAVA, 'Main', '--version']),
  open: (place) => openProgram(place, [...JAVA, 'Main']),
  languages: {
    java: async (file, place) => {
      await run(place, [...JAVA, file])
    },
  },
  cannot: {
    configuration: 'the SDK has the calls, and the driver does not try them',
    sync: 'the SDK has no such command',
    forms: 'upload forms are not tried with it',
  },
}

async function build(): Promise<void> {
  const goals = ['compile', 'dependency:copy-dependencies', '-DincludeScope=runtime']
  await execute(['mvn', '--batch-mode', '--quiet', ...goals], { cwd: FOLDER })
}
