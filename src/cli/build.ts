import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { COMMANDS } from './commands.ts'
import { buildWorkers, PREBUILT } from './prebuilt.ts'
import { ROOT } from './wrangler.ts'

const DIST = join(ROOT, 'dist')
const BENCH = { 'bench/main': 'bench/main.ts', 'bench/load-process': 'bench/load-process.ts' }

/** `npm run build`: makes everything that the package holds, below `dist`. */
async function buildPackage(): Promise<void> {
  rmSync(DIST, { recursive: true, force: true })
  mkdirSync(DIST, { recursive: true })
  await Promise.all([buildWorkers(PREBUILT), buildScripts()])
  writeTypes()
}

/** Compiles the command line and the library. Node runs no TypeScript below `node_modules`. Shared code lies in files beside them. */
async function buildScripts(): Promise<void> {
  await build({
    absWorkingDir: ROOT,
    entryPoints: { 'cli/bin': 'src/cli/bin.ts', 'local/index': 'src/local/index.ts', ...BENCH },
    outdir: DIST,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    chunkNames: 'shared/[name]-[hash]',
    plugins: [packageCommands],
    banner: { js: '#!/usr/bin/env node' },
    logLevel: 'warning',
  })
}

/** In the package, messages name `npx cairn fsck` where those of a checkout name `npm run fsck -- …`. */
const packageCommands: Plugin = {
  name: 'package-commands',
  setup({ onLoad }) {
    onLoad({ filter: /[/\\](?:src[/\\]cli|bench)[/\\][^/\\]{1,99}\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(/npm (?:run )?(?:-s )?(\w+)(?: --(?= ))?/g, (found, name) =>
        Object.hasOwn(COMMANDS, name) ? `npx cairn ${name}` : found,
      ),
      loader: 'ts',
    }))
  },
}

/** The types of `cairn/local`: the public ones are in a file that stands alone. */
function writeTypes(): void {
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
  const folder = join(DIST, 'types')
  const options = ['--declaration', '--emitDeclarationOnly', '--outDir', folder, '--rootDir', join(ROOT, 'src')]
  execFileSync(process.execPath, [tsc, '-p', join(ROOT, 'tsconfig.package.json'), ...options], { cwd: ROOT, stdio: 'inherit' })
  copyFileSync(join(folder, 'local/types.d.ts'), join(DIST, 'local/types.d.ts'))
  const index = readFileSync(join(folder, 'local/index.d.ts'), 'utf8')
    .replaceAll("'./types.ts'", "'./types.js'")
    .replaceAll('"./types.ts"', '"./types.js"')
  writeFileSync(join(DIST, 'local/index.d.ts'), index)
  rmSync(folder, { recursive: true, force: true })
}

await buildPackage()
