import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Client, Place } from './client.ts'
import { DOC } from './paths.ts'
import { run } from './program.ts'

export interface Block {
  readonly language: string
  /** The file that the block is the content of, below HOME; empty when it is to be run. */
  readonly path: string
  readonly text: string
}

const FENCED = /^```(\w+)(?: (\S+))?\n(.*?)^```$/gms

/** The code blocks below a client's heading in docs/reference/clients.md. */
export function snippetsOf(name: string, document = readFileSync(DOC, 'utf8')): Block[] {
  const section = document.split(/^## /m).find((text) => text.startsWith(`${name}\n`))
  if (section === undefined) throw new Error(`docs/reference/clients.md has no section "${name}"`)
  return [...section.matchAll(FENCED)].map(([, language = '', path = '', text = '']) => ({ language, path, text }))
}

/**
 * Runs the blocks in their order, with what `npm run -s credentials` prints in the environment. A fence with a path after the language
 * (` ```ini .config/rclone/rclone.conf `) becomes that file below HOME, with the endpoint and the keys in place of `localhost:8787`,
 * `ACCESS_KEY_ID` and `SECRET_ACCESS_KEY`.
 */
export async function runSnippets(client: Client, place: Place): Promise<void> {
  const blocks = snippetsOf(client.name)
  if (blocks.length === 0) throw new Error(`docs/reference/clients.md has no code for ${client.name}`)
  for (const [index, block] of blocks.entries()) {
    if (block.path !== '') writeBelow(place.env.HOME!, block.path, withKeys(block.text, place))
    else await runBlock({ client, place, block, index })
  }
}

async function runBlock({ client, place, block, index }: { client: Client; place: Place; block: Block; index: number }): Promise<void> {
  const interpret = client.languages?.[block.language] ?? LANGUAGES[block.language]
  if (interpret === undefined) throw new Error(`docs/reference/clients.md: nothing runs \`${block.language}\` for ${client.name}`)
  const file = join(place.folder, `snippet${index}.${block.language}`)
  writeFileSync(file, block.text)
  await interpret(file, place)
}

const LANGUAGES: NonNullable<Client['languages']> = {
  sh: async (file, place) => {
    await run(place, ['bash', '-eu', file])
  },
  // The place's folder is below ours, so that it finds our node_modules.
  js: async (file, place) => {
    await run(place, [process.execPath, file])
  },
}

function writeBelow(home: string, path: string, text: string): void {
  const file = join(home, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text, { mode: 0o600 })
}

const withKeys = (text: string, { endpoint, accessKeyId, secretAccessKey }: Place): string =>
  text
    .replaceAll('localhost:8787', new URL(endpoint).host)
    .replaceAll('SECRET_ACCESS_KEY', secretAccessKey)
    .replaceAll('ACCESS_KEY_ID', accessKeyId)
