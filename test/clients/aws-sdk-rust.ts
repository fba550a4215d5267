import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client, Place } from './harness/client.ts'
import { findByCommand, onceFor } from './harness/install.ts'
import { INSTALLED, ROOT } from './harness/paths.ts'
import { execute, openProgram, run } from './harness/program.ts'

const FOLDER = join(ROOT, 'test/clients/rust')
const SOURCES = ['Cargo.toml', 'Cargo.lock', 'src/main.rs', 'src/transfer.rs', 'src/verbs.rs'].map((name) => join(FOLDER, name))
const TARGET = join(INSTALLED, 'aws-sdk-rust')
const PROGRAM = join(TARGET, 'debug/s3-client')

export const client: Client = {
  name: 'aws-sdk-rust',
  install: [onceFor('AWS SDK for Rust', SOURCES, () => build(FOLDER))],
  find: () => findByCommand([PROGRAM, '--version']),
  open: (place) => openProgram(place, [PROGRAM]),
  languages: { rust: runSnippet },
  cannot: {
    configuration: 'the SDK has the calls, and the driver does not try them',
    sync: 'the SDK has no such command',
  },
}

async function build(folder: string): Promise<void> {
  await execute(['cargo', 'build', '--locked', '--quiet', '--target-dir', TARGET], { cwd: folder })
}

/** As a package of its own with the same dependencies, which are built already. */
async function runSnippet(file: string, place: Place): Promise<void> {
  const folder = join(place.folder, 'snippet')
  cpSync(FOLDER, folder, { recursive: true })
  writeFileSync(join(folder, 'Cargo.toml'), readFileSync(join(FOLDER, 'Cargo.toml'), 'utf8').replace('s3-client', 'snippet'))
  writeFileSync(join(folder, 'Cargo.lock'), readFileSync(join(FOLDER, 'Cargo.lock'), 'utf8').replace('"s3-client"', '"snippet"'))
  cpSync(file, join(folder, 'src/main.rs'))
  await build(folder)
  await run(place, [join(TARGET, 'debug/snippet')])
}
