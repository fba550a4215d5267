import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Found, Step } from './client.ts'
import { INSTALLED, ROOT } from './paths.ts'
import { execute } from './program.ts'

const REQUIREMENTS = join(ROOT, 'test/clients/requirements')

/** A virtual environment of the packages in `requirements/<name>.txt`, with further options of pip. */
export function pythonPackages(name: string, ...options: string[]): Step {
  const requirements = join(REQUIREMENTS, `${name}.txt`)
  return onceFor(`Python packages: ${name}`, [requirements], async () => {
    const folder = join(INSTALLED, name)
    rmSync(folder, { recursive: true, force: true })
    await execute(['python3', '-m', 'venv', folder])
    await execute([join(folder, 'bin/pip'), 'install', '--quiet', '--disable-pip-version-check', ...options, '--requirement', requirements])
  })
}

/** A program of {@link pythonPackages}. */
export const pythonProgram = (name: string, program = 'python'): string => join(INSTALLED, name, 'bin', program)

/** How the names of steps begin that install a Debian package. */
export const DEBIAN = 'Debian package'

/** A Debian package. Needs root. */
export const debianPackage = (name: string): Step => ({
  name: `${DEBIAN}: ${name}`,
  async run() {
    if (/^Status:.* installed$/m.test((await execute(['dpkg', '--status', name]).catch(() => ({ out: '' }))).out)) return
    if (process.getuid?.() !== 0) throw new Error('only root may install Debian packages')
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const install = () => execute(['apt-get', 'install', '--yes', '--quiet', '--no-install-recommends', name], { env })
    await install().catch(async () => {
      await execute(['apt-get', 'update', '--quiet'], { env })
      await install()
    })
  },
})

/** A step that is done again only when one of its files has changed. */
export function onceFor(name: string, files: readonly string[], work: () => Promise<void>): Step {
  return {
    name,
    async run() {
      const digest = createHash('sha256')
      for (const file of files) digest.update(readFileSync(file))
      const mark = join(INSTALLED, `${name.replaceAll(/\W+/g, '-')}.${digest.digest('hex').slice(0, 16)}.done`)
      if (existsSync(mark)) return
      mkdirSync(INSTALLED, { recursive: true })
      await work()
      writeFileSync(mark, '')
    },
  }
}

/** Found when a command prints a version; the first match of `pattern` is the version. */
export async function findByCommand(command: readonly string[], pattern = /(\d+\.\d+[\w.+-]*)/): Promise<Found> {
  const ran = await execute(command).catch((error) => String(error.message).split('\n')[0]!)
  if (typeof ran === 'string') return { missing: /ENOENT/.test(ran) ? `there is no ${command[0]!.replace(`${ROOT}/`, '')}` : ran }
  const version = pattern.exec(ran.out + ran.err)?.[1]
  return version === undefined ? { missing: `${command.join(' ')} prints no version` } : { version }
}

/** A package of node_modules. */
export async function findNodePackage(name: string): Promise<Found> {
  const file = join(ROOT, 'node_modules', name, 'package.json')
  return existsSync(file) ? { version: JSON.parse(readFileSync(file, 'utf8')).version } : { missing: 'run npm ci' }
}

/** A package of {@link pythonPackages}. */
export const findPythonPackage = (environment: string, name: string): Promise<Found> =>
  findByCommand([pythonProgram(environment), '-c', `import importlib.metadata as m; print(m.version('${name}'))`])
