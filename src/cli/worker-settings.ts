import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { SECRET_VARIABLES, SETTING_NAMES } from '../core/setting-names.ts'
import type { Settings } from './settings.ts'

const KNOWN: readonly string[] = [...SETTING_NAMES, ...SECRET_VARIABLES]

/** Variables of the local server itself. It reads them only from the environment. */
const LOCAL_NAMES = ['PORT', 'PERSIST_TO', 'CAIRN_HOST', 'CAIRN_VARS', 'DEV_VARS']
const IN_ENVIRONMENT: readonly string[] = [...SETTING_NAMES, ...LOCAL_NAMES]

/** Returns the settings in the environment as `NAME=value` pairs. */
export const settingsIn = (env: NodeJS.ProcessEnv): string[] =>
  SETTING_NAMES.flatMap((name) => (env[name] === undefined ? [] : [`${name}=${env[name]}`]))

/** Returns a line for each setting that would have no effect. */
export function ignoredSettings({ vars, devVarsPath }: Pick<Settings, 'vars' | 'devVarsPath'>, env: NodeJS.ProcessEnv): string[] {
  const given = vars.map((pair) => pair.split('=', 1)[0]!)
  const unknown = (names: readonly string[], place: string) =>
    names.filter((name) => !KNOWN.includes(name)).map((name) => `${name}${place} is no setting of Cairn${suggestion(name)}.`)
  const others = Object.keys(env).filter((name) => !KNOWN.includes(name) && !LOCAL_NAMES.includes(name))
  const misspelt = others.filter((name) => closest(name, IN_ENVIRONMENT) !== undefined)
  return [
    ...unknown(given, ''),
    ...unknown(namesIn(devVarsPath), ` in ${devVarsPath}`),
    ...misspelt.map((name) => `${name} in the environment is no setting of Cairn${suggestion(name, IN_ENVIRONMENT)}.`),
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
    return [] // The file does not exist yet: the first start writes it.
  }
}

/** Returns a sentence when the name is no setting of Cairn; secrets are none. Otherwise undefined. */
export const unknownSetting = (name: string): string | undefined =>
  (SETTING_NAMES as readonly string[]).includes(name) ? undefined : `${name} is no setting of Cairn${suggestion(name, SETTING_NAMES)}.`

function suggestion(name: string, names: readonly string[] = SETTING_NAMES): string {
  const known = closest(name, names)
  return known === undefined ? '' : `; ${known} is one`
}

/** Returns the setting that a misspelt name probably means; small letters count as capitals. Short settings are left out, because they resemble many words. */
const closest = (name: string, names: readonly string[]): string | undefined =>
  names.find((known) => known.length > 6 && known !== name && editDistance(known, name.toUpperCase()) <= 2)

/** Returns how many letters have to be added, removed or replaced, or 3 when the lengths differ by more than 2. */
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
