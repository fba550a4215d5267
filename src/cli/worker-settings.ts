import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { SECRET_VARIABLES, SETTING_NAMES } from '../core/setting-names.ts'
import type { Settings } from './settings.ts'

const KNOWN: readonly string[] = [...SETTING_NAMES, ...SECRET_VARIABLES]

/** The settings that the environment has, as `NAME=value` pairs. */
export const settingsIn = (env: NodeJS.ProcessEnv): string[] =>
  SETTING_NAMES.flatMap((name) => (env[name] === undefined ? [] : [`${name}=${env[name]}`]))

/** A line for each setting that would do nothing. */
export function ignoredSettings({ vars, devVarsPath }: Pick<Settings, 'vars' | 'devVarsPath'>, env: NodeJS.ProcessEnv): string[] {
  const given = vars.map((pair) => pair.split('=', 1)[0]!)
  const unknown = (names: readonly string[], place: string) =>
    names.filter((name) => !KNOWN.includes(name)).map((name) => `${name}${place} is no setting of Cairn${suggestion(name)}.`)
  const misspelt = Object.keys(env).filter((name) => !KNOWN.includes(name) && closest(name) !== undefined)
  return [
    ...unknown(given, ''),
    ...unknown(namesIn(devVarsPath), ` in ${devVarsPath}`),
    ...misspelt.map((name) => `${name} in the environment is no setting of Cairn${suggestion(name)}.`),
    ...SECRET_VARIABLES.filter((name) => env[name] !== undefined).map(
      (name) => `${name} in the environment is ignored: secrets are read from ${devVarsPath}.`,
    ),
  ]
}

/** Prints {@link ignoredSettings}. */
export function sayIgnored(settings: Settings, env: NodeJS.ProcessEnv): void {
  for (const line of ignoredSettings(settings, env)) console.warn(line)
}

function namesIn(path: string): string[] {
  try {
    return Object.keys(parseEnv(readFileSync(path, 'utf8')))
  } catch {
    return [] // Its first start will write it.
  }
}

function suggestion(name: string): string {
  const known = closest(name)
  return known === undefined ? '' : `; ${known} is one`
}

/** The setting that a name is a slip of the pen for. Short names are like many words. */
const closest = (name: string): string | undefined =>
  SETTING_NAMES.find((known) => known.length > 6 && known !== name && editDistance(known, name) <= 2)

/** How many letters have to be added, dropped or replaced. */
function editDistance(one: string, other: string): number {
  if (Math.abs(one.length - other.length) > 2) return 3
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [i, letter] of [...one].entries()) {
    const next = [i + 1]
    for (const [j, its] of [...other].entries()) {
      next.push(Math.min(next[j]! + 1, row[j + 1]! + 1, row[j]! + (letter === its ? 0 : 1)))
    }
    row = next
  }
  return row.at(-1)!
}
