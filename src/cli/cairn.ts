import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { COMMANDS } from './commands.ts'
import { ROOT } from './wrangler.ts'

const HELP = ['--help', '-h', 'help']
/** Exit code of a call that names no command, one that does not exist, or a wrong option. */
const WRONG_USAGE = 2

/** `npx cairn <command>`: runs one command of the package. */
export async function main([name, ...args]: string[]): Promise<void> {
  if (name === '--version') return console.log(version())
  if (name !== undefined && HELP.includes(name)) return console.log(overview())
  const command = name === undefined || !Object.hasOwn(COMMANDS, name) ? undefined : COMMANDS[name]
  if (command === undefined) {
    console.error(name === undefined ? overview() : `There is no command ${name}.\n\n${overview()}`)
    process.exit(WRONG_USAGE)
  }
  const wantsHelp = args.some((arg) => HELP.slice(0, 2).includes(arg))
  if (wantsHelp && command.help !== '') return console.log(helpOf(name!, command))
  const { main: run } = await command.load()
  await run(args).catch((error) => refuseUsage(error, name!))
}

/** Says in one sentence which option is wrong. @throws every other error */
function refuseUsage(error: NodeJS.ErrnoException, name: string): never {
  if (!error.code?.startsWith('ERR_PARSE_ARGS')) throw error
  console.error(`${error.message}\nnpx cairn ${name} --help has its options.`)
  process.exit(WRONG_USAGE)
}

function overview(): string {
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(12)} ${summary}`)
  return `Usage: npx cairn <command> [options]\n\n${lines.join('\n')}\n\nnpx cairn <command> --help has the options of a command.`
}

const helpOf = (name: string, { summary, usage, help }: Pick<(typeof COMMANDS)[string], 'summary' | 'usage' | 'help'>): string =>
  `Usage: ${`npx cairn ${name} ${usage}`.trim()}\n\nIt ${summary}.\n\n${help}`

const version = (): string => (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version

if (import.meta.main) await main(process.argv.slice(2))
