import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'

// The house rules that a machine can check. Core decides, the Bucket remembers, the engine moves bytes between them, a face
// translates: so imports point inward, from the entry to the core. docs/design/overview.md draws the same picture.

/** Which rooms each room may import. A room is a folder or a file; what lies deeper belongs to it. */
const DIRECTIONS: Readonly<Record<string, readonly string[]>> = {
  'src/core': [],
  'src/http': ['src/core'],
  'src/auth': ['src/core'],
  'src/segments': ['src/core'],
  'src/queues': ['src/core'],
  'src/sources': ['src/core', 'src/http', 'src/segments'],
  'src/control': ['src/core', 'src/auth', 'src/http', 'src/segments', 'src/config.ts'],
  'src/store': ['src/core', 'src/control', 'src/segments', 'src/queues', 'src/sources'],
  'src/analytics': ['src/core'],
  'src/jobs': ['src/core', 'src/control', 'src/segments', 'src/sources', 'src/store'],
  'src/r2-bucket': [],
  'src/env.ts': ['src/segments'],
  'src/config.ts': ['src/core', 'src/segments', 'src/queues', 'src/sources', 'src/env.ts'],

  'src/faces/s3': ['src/core', 'src/analytics', 'src/http', 'src/auth', 'src/control', 'src/store', 'src/config.ts'],
  'src/faces/rest': [
    'src/core',
    'src/analytics',
    'src/sources',
    'src/http',
    'src/auth',
    'src/control',
    'src/store',
    'src/jobs',
    'src/queues',
    'src/sources',
    'src/config.ts',
  ],
  'src/faces/public': ['src/core', 'src/analytics', 'src/http', 'src/control', 'src/store', 'src/config.ts'],
  'src/faces/admin': ['src/core', 'src/http', 'src/auth', 'src/control', 'src/store', 'src/jobs', 'src/config.ts'],
  'src/faces/binding': ['src/core', 'src/analytics', 'src/http', 'src/store', 'src/r2-bucket', 'src/env.ts'],

  'durable-objects/common': ['src/core', 'src/control'],
  'durable-objects/keyspace': [
    'durable-objects/common',
    'src/core',
    'src/segments',
    'src/queues',
    'src/sources',
    'src/store',
    'src/config.ts',
    'migrations/bucket',
  ],
  'durable-objects/bucket': [
    'src/analytics',
    'durable-objects/common',
    'durable-objects/keyspace',
    'src/core',
    'src/control',
    'src/segments',
    'src/queues',
    'src/store',
    'src/config.ts',
    'src/env.ts',
  ],

  'durable-objects/job': [
    'durable-objects/common',
    'src/core',
    'src/control',
    'src/jobs',
    'src/sources',
    'src/engine.ts',
    'src/config.ts',
    'src/env.ts',
    'migrations/job',
  ],

  'src/engine.ts': [
    'src/core',
    'src/analytics',
    'src/segments',
    'src/queues',
    'src/sources',
    'src/jobs',
    'src/store',
    'src/env.ts',
    'src/config.ts',
  ],
  'src/choose-face.ts': ['src/core', 'src/faces/s3', 'src/faces/public'],
  'src/health.ts': ['src/core'],
  'src/refuse.ts': [
    'src/choose-face.ts',
    'src/core',
    'src/http',
    'src/faces/s3',
    'src/faces/rest',
    'src/faces/public',
    'src/faces/admin',
    'src/config.ts',
  ],
  'src/gateway.ts': [
    'src/choose-face.ts',
    'src/health.ts',
    'src/refuse.ts',
    'src/engine.ts',
    'src/jobs',
    'src/analytics',
    'src/core',
    'src/http',
    'src/control',
    'src/segments',
    'src/queues',
    'src/sources',
    'src/store',
    'src/faces/s3',
    'src/faces/rest',
    'src/faces/public',
    'src/faces/admin',
    'src/env.ts',
    'src/config.ts',
  ],
  'src/index.ts': ['src/gateway.ts', 'src/faces/binding', 'src/http', 'src/env.ts', 'durable-objects/bucket', 'durable-objects/job'],
  'src/resettable': ['src/core', 'src/env.ts', 'src/index.ts', 'durable-objects/bucket', 'durable-objects/job'],
  'src/cli': ['src/core'],
  'src/local': ['src/cli'],
  'src/modules.d.ts': [],
}

/** Of the engine, a Durable Object knows the interfaces that it implements, and nothing that runs. */
const INTERFACES = ['src/store/bucket-api.ts', 'src/store/maintenance/maintenance-api.ts']

const FILE_LINES = 300
const FUNCTION_LINES = 60
/** Longer than that, for a reason. */
const LONG_FILES: readonly string[] = []
const LONG_FUNCTIONS: readonly string[] = []

/** Raw variables have one reader each. */
const READERS_OF_ENV = [
  'src/env.ts',
  'src/config.ts',
  'src/engine.ts',
  'src/gateway.ts',
  'src/index.ts',
  'src/faces/binding/entrypoint.ts',
  'src/resettable/',
]
const READERS_OF_PROCESS_ENV = ['src/cli/']

interface Source {
  readonly file: string
  readonly text: string
}

const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', 'src', 'durable-objects'], {
  encoding: 'utf8',
})
const sources: readonly Source[] = tracked
  .trim()
  .split('\n')
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ file, text: readFileSync(file, 'utf8') }))

function roomOf(file: string): string {
  const room = Object.keys(DIRECTIONS).find((name) => file === name || file.startsWith(`${name}/`))
  return room ?? posix.dirname(file)
}

/** The files that a file imports, types included. */
function importsOf({ file, text }: Source): readonly string[] {
  const specifiers = [...text.matchAll(/\b(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(([, specifier]) => specifier as string)
  return specifiers.map((specifier) => {
    const path = posix.join(posix.dirname(file), specifier)
    return /\.\w+$/.test(path) ? path : `${path}.ts`
  })
}

function wrongDirections(files: readonly Source[]): string[] {
  return files.flatMap((source) => {
    const from = roomOf(source.file)
    const wrong = importsOf(source).filter((to) => {
      if (from.startsWith('durable-objects/') && roomOf(to) === 'src/store') return !INTERFACES.includes(to)
      return roomOf(to) !== from && !DIRECTIONS[from]?.includes(roomOf(to))
    })
    return wrong.map((to) => `${source.file} imports ${to}`)
  })
}

/** Follows `next` from each name, and returns the names of the first circle that it meets. */
function circleIn(next: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] | undefined {
  const done = new Set<string>()
  const visit = (name: string, path: readonly string[]): readonly string[] | undefined => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name]
    if (done.has(name)) return undefined
    for (const other of next.get(name) ?? []) {
      const circle = visit(other, [...path, name])
      if (circle) return circle
    }
    done.add(name)
    return undefined
  }
  for (const name of next.keys()) {
    const circle = visit(name, [])
    if (circle) return circle
  }
  return undefined
}

function arrowsBetween(files: readonly Source[], nameOf: (file: string) => string): Map<string, Set<string>> {
  const arrows = new Map<string, Set<string>>()
  for (const source of files) {
    const from = nameOf(source.file)
    const others = importsOf(source)
      .map(nameOf)
      .filter((to) => to !== from)
    arrows.set(from, new Set([...(arrows.get(from) ?? []), ...others]))
  }
  return arrows
}

/** The folders of one folder import each other in one direction, at every level. */
function circlesOfFolders(files: readonly Source[]): (readonly string[])[] {
  const folders = new Set(files.flatMap(({ file }) => parentsOf(file)))
  return [...folders].flatMap((parent) => {
    const inside = files.filter(({ file }) => file.startsWith(`${parent}/`))
    const childOf = (file: string): string => {
      const [child, ...rest] = file.startsWith(`${parent}/`) ? file.slice(parent.length + 1).split('/') : []
      return rest.length > 0 ? `${parent}/${child}` : OUTSIDE
    }
    const arrows = arrowsBetween(inside, childOf)
    arrows.delete(OUTSIDE)
    const circle = circleIn(arrows)
    return circle ? [circle] : []
  })
}

const OUTSIDE = ''

/** The folders that a file lies in, from the top. */
const parentsOf = (file: string): string[] => {
  const parts = file.split('/').slice(0, -1)
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
}

/** Functions by their first line, as the formatter lays them out: the body ends at the brace that stands below its beginning. */
function functionsOf({ file, text }: Source): { name: string; lines: number }[] {
  const lines = text.split('\n')
  return lines.flatMap((line, first) => {
    const begins = /^(\s*)(?:export |default |async |static |override |get |readonly )*(?:function\*? |const |#?)([\w#]+).*\{$/.exec(line)
    if (!begins || !/\bfunction\b|=> \{$|\) \{$|\): [^=]+ \{$/.test(line) || /^\s*(?:if|for|while|switch|catch|else|return)\b/.test(line))
      return []
    const [, indent, name] = begins as unknown as [string, string, string]
    const length = lines.slice(first).findIndex((other, index) => index > 0 && other.startsWith(`${indent}}`)) + 1
    return [{ name: `${file} ${name}`, lines: length }]
  })
}

const tooLongFiles = (files: readonly Source[]): string[] =>
  files.filter(({ file, text }) => text.split('\n').length > FILE_LINES && !LONG_FILES.includes(file)).map(({ file }) => file)

const tooLongFunctions = (files: readonly Source[]): string[] =>
  files
    .flatMap(functionsOf)
    .filter(({ name, lines }) => lines > FUNCTION_LINES && !LONG_FUNCTIONS.includes(name))
    .map(({ name, lines }) => `${name}: ${lines} lines`)

const readersOf = (pattern: RegExp, allowed: readonly string[]) => (files: readonly Source[]) =>
  files.filter(({ file, text }) => pattern.test(text) && !allowed.some((name) => file.startsWith(name))).map(({ file }) => file)

const rawEnv = readersOf(/import (?:type )?\{[^}]*\bEnv\b[^}]*\} from/, [...READERS_OF_ENV, 'durable-objects/'])
const processEnv = readersOf(/\bprocess\.env\b/, READERS_OF_PROCESS_ENV)

describe('the house rules', () => {
  test('every file lies in a room of the table', () => {
    expect(sources.length).toBeGreaterThan(300)
    expect(sources.filter(({ file }) => DIRECTIONS[roomOf(file)] === undefined).map(({ file }) => file)).toEqual([])
  })

  test('imports point inward', () => expect(wrongDirections(sources)).toEqual([]))

  test('the table of directions has no circle, nor have the rooms', () => {
    expect(circleIn(new Map(Object.entries(DIRECTIONS).map(([room, others]) => [room, new Set(others)])))).toBeUndefined()
    expect(circleIn(arrowsBetween(sources, roomOf))).toBeUndefined()
  })

  test('the folders of a folder have no circle', () => expect(circlesOfFolders(sources)).toEqual([]))

  test('a face knows neither another face, nor segments, nor a Durable Object', () => {
    const faces = Object.entries(DIRECTIONS).filter(([room]) => room.startsWith('src/faces/'))
    const outside = faces.flatMap(([, others]) => others.filter((to) => /^(src\/faces|src\/segments|durable-objects)\b/.test(to)))
    expect(outside).toEqual([])
  })

  test(`a file has ${FILE_LINES} lines at most`, () => expect(tooLongFiles(sources)).toEqual([]))

  test(`a function has ${FUNCTION_LINES} lines at most`, () => {
    expect(sources.flatMap(functionsOf).length).toBeGreaterThan(1000)
    expect(tooLongFunctions(sources)).toEqual([])
  })

  test('raw bindings and variables are read in their files alone', () => {
    expect(rawEnv(sources)).toEqual([])
    expect(processEnv(sources)).toEqual([])
  })
})

describe('a planted violation is found', () => {
  const planted = (file: string, text: string): readonly Source[] => [...sources, { file, text }]

  test('of the directions', () => {
    const face = planted('src/faces/s3/planted.ts', "import { Bucket } from '../../../durable-objects/bucket/bucket.ts'\n")
    expect(wrongDirections(face)).toEqual(['src/faces/s3/planted.ts imports durable-objects/bucket/bucket.ts'])
    const keyspace = planted('durable-objects/keyspace/planted.ts', "import { createStore } from '../../src/store/store.ts'\n")
    expect(wrongDirections(keyspace)).toEqual(['durable-objects/keyspace/planted.ts imports src/store/store.ts'])
  })

  test('of the circles', () => {
    const circle = planted('src/core/planted.ts', "import { createStore } from '../store/store.ts'\n")
    expect(circleIn(arrowsBetween(circle, roomOf))).toEqual(expect.arrayContaining(['src/core', 'src/store']))
  })

  test('of the folders', () => {
    const circle = planted('durable-objects/keyspace/blobs/planted.ts', "import { lookup } from '../objects/objects.ts'\n")
    expect(circlesOfFolders(circle)).toHaveLength(1)
  })

  test('of the lengths', () => {
    expect(tooLongFiles(planted('src/core/planted.ts', '\n'.repeat(FILE_LINES)))).toEqual(['src/core/planted.ts'])
    const body = '  work()\n'.repeat(FUNCTION_LINES)
    expect(tooLongFunctions(planted('src/core/planted.ts', `export function planted(): void {\n${body}}\n`))).toEqual([
      `src/core/planted.ts planted: ${FUNCTION_LINES + 2} lines`,
    ])
  })

  test('of the readers of variables', () => {
    expect(rawEnv(planted('src/core/planted.ts', "import type { Env } from '../env.ts'\n"))).toEqual(['src/core/planted.ts'])
    expect(processEnv(planted('src/core/planted.ts', 'process.env.HOME\n'))).toEqual(['src/core/planted.ts'])
  })
})
