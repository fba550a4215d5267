import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { PREBUILT } from './prebuilt.ts'
import { CONFIG, FROM_SOURCE, PROJECT, ROOT } from './wrangler.ts'

/**
 * Makes the configuration of a deployment from the package, unless it exists. It belongs to the folder of the user, because the first
 * deployment writes the ids of databases into it.
 */
export function ensureDeployConfig(print: (text: string) => void): void {
  if (FROM_SOURCE || existsSync(CONFIG)) return
  const packaged = readFileSync(join(ROOT, 'wrangler.jsonc'), 'utf8')
  const pathOf = (path: string) => relative(PROJECT, path).split(sep).join('/')
  writeFileSync(
    CONFIG,
    deployConfig(packaged, { main: pathOf(join(PREBUILT, 'worker/index.js')), migrations: pathOf(join(ROOT, 'migrations')) }),
  )
  print(`${CONFIG} is the configuration of your deployment. Keep it: the first deployment writes the ids of its databases into it.`)
}

/**
 * Returns the configuration of a checkout as that of a deployment of the built Worker.
 * @throws Error when a part to replace is missing
 */
export function deployConfig(checkout: string, { main, migrations }: { main: string; migrations: string }): string {
  const rules =
    '"rules": [{ "type": "Text", "globs": ["**/*.sql"], "fallthrough": true }, { "type": "CompiledWasm", "globs": ["**/*.wasm"], "fallthrough": true }]'
  const parts: readonly (readonly [RegExp, string])[] = [
    [/"main": "[^"\n]{1,99}"/, `"main": "${main}",\n  "no_bundle": true`],
    [/"rules": \[[^\]\n]{1,999}\][^\]\n]{0,99}\]/, rules],
    [/"migrations_dir": "migrations\/control"/, `"migrations_dir": "${migrations}/control"`],
    [/"migrations_dir": "migrations\/segments"/, `"migrations_dir": "${migrations}/segments"`],
  ]
  return parts.reduce((text, [pattern, replacement]) => {
    if (!pattern.test(text)) throw new Error(`The configuration has no ${pattern.source}.`)
    return text.replace(pattern, () => replacement)
  }, checkout)
}
