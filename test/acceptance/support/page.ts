import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

// A page of the documentation as one script: whoever follows it from its top to its end, in one shell, meets no error.

export interface Block {
  readonly language: string
  readonly text: string
}

const FENCED = /^```(\w*)[^\n]*\n(.*?)^```$/gms

export const blocksOf = (markdown: string): Block[] =>
  [...markdown.matchAll(FENCED)].map(([, language = '', text = '']) => ({ language, text }))

/** Starts a server that the test has started already, takes an hour, or deploys: the reader does so, the script does not. */
const ELSEWHERE =
  /^(npm (ci|test|start|install)\b|npm run (?!-s credentials\b|-s export\b|fsck\b|migrate\b)|npx wrangler (login|deploy|secret|d1)\b|git clone\b|cd\b)/

/** Values for the words that a reader replaces, and a place for files that would lie in the project. */
const PLACEHOLDERS: Readonly<Record<string, string>> = { '<zone id>': 'a'.repeat(32), '> photos.jsonl': '> "$HOME/photos.jsonl"' }

/**
 * The script of a page: its shell blocks as they are written, and its JavaScript blocks as files in `folder`, in order.
 * @throws Error for a placeholder that has no value here
 */
export function scriptOf(page: string, folder: string): string {
  mkdirSync(folder, { recursive: true })
  return blocksOf(readFileSync(page, 'utf8'))
    .flatMap(({ language, text }, index) => {
      if (language === 'sh') return commandsOf(text)
      if (language !== 'js') return []
      const file = join(folder, `block${index}.js`)
      writeFileSync(file, text)
      return [`node ${file}`]
    })
    .join('\n')
}

function commandsOf(text: string): string[] {
  const commands = text.replaceAll('\\\n', ' ').split('\n')
  return commands.filter((command) => command !== '' && !ELSEWHERE.test(command)).map(filledIn)
}

function filledIn(command: string): string {
  const filled = Object.entries(PLACEHOLDERS).reduce((text, [name, value]) => text.replaceAll(name, value), command)
  if (/<[a-z][a-z -]*>/.test(filled)) throw new Error(`Nobody knows what to fill in here: ${command}`)
  return filled
}
