import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from './client.ts'
import { ROOT } from './paths.ts'

const FOLDER = join(ROOT, 'test/clients')
const PROGRAMS = ['main.ts', 'install.ts']

/** The clients of the folder, in the order of their files; those whose file name begins with one of `wanted`, if there are any. */
export async function allClients(wanted: readonly string[] = []): Promise<Client[]> {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.ts') && !PROGRAMS.includes(name))
  const chosen = files.sort().filter((file) => wanted.length === 0 || wanted.some((start) => file.startsWith(start)))
  return Promise.all(chosen.map(async (file) => (await import(join(FOLDER, file))).client as Client))
}
