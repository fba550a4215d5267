import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'
import { SECRET_VARIABLES, SETTING_NAMES } from '../src/core/setting-names.ts'

// The rules of the pages that a machine can check: links lead somewhere, named files exist, tables are complete, and sentences are plain.

const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' }).trim().split('\n')
const PAGES = tracked.filter((file) => file.endsWith('.md'))
const README_LINES = 150

const read = (file: string): string => readFileSync(file, 'utf8')

/** A page without its fenced code. */
const proseOf = (markdown: string): string => markdown.replace(/^```.*?^```$/gms, '')

/** The anchors of a page, as GitHub makes them of headings. */
function anchorsOf(markdown: string): readonly string[] {
  const headings = [...proseOf(markdown).matchAll(/^#+ (.*)$/gm)].map(([, text]) => text as string)
  return headings.map((text) =>
    text
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** The links of a page that lead nowhere. */
function brokenLinks(page: string, markdown: string): readonly string[] {
  const links = [...proseOf(markdown).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link as string)
  return links.filter((link) => !/^https?:/.test(link) && !resolves(page, link))
}

function resolves(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? page : posix.join(posix.dirname(page), path)
  if (!exists(target)) return false
  return anchor === undefined || anchorsOf(read(target)).includes(anchor)
}

const exists = (path: string): boolean => tracked.some((file) => file === path || file.startsWith(`${path.replace(/\/$/, '')}/`))

/** The files and folders that a page names in code and that are not there. A star stands for any characters. */
function missingFiles(markdown: string): readonly string[] {
  const names = [...proseOf(markdown).matchAll(/`([^`\n]+)`/g)].map(([, code]) => code as string)
  return names.filter((name) => {
    if (/^(src|durable-objects|migrations|test|docs|examples|bench|\.ci)\/[\w./*-]+$/.test(name)) return !matchesFile(name)
    // Beside a full path its neighbours are named alone.
    return /^[a-z][\w-]*(?:\.\w+)?\.(ts|sql|wat)$/.test(name) && !tracked.some((file) => posix.basename(file) === name)
  })
}

function matchesFile(name: string): boolean {
  if (!name.includes('*')) return exists(name)
  const pattern = new RegExp(`^${name.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`)
  return tracked.some((file) => pattern.test(file))
}

/** Sentences that begin with a relative clause in front of what it is about: "What is stored is sealed." */
function riddles(markdown: string): readonly string[] {
  const prose = proseOf(markdown).replace(/`[^`\n]*`/g, '')
  return [...prose.matchAll(/\b(?:What|Whatever)\b.{0,60}/g)].map(([text]) => text)
}

describe.each(PAGES)('%s', (page) => {
  test('has links that lead somewhere', () => expect(brokenLinks(page, read(page))).toEqual([]))
  test('names files that exist', () => expect(missingFiles(read(page))).toEqual([]))
  test('has no sentence that begins with "What" or "Whatever"', () => expect(riddles(read(page))).toEqual([]))
})

describe('the pages together', () => {
  test(`the README has ${README_LINES} lines at most`, () => expect(read('README.md').split('\n').length).toBeLessThanOrEqual(README_LINES))

  test('the index leads to every page below docs', () => {
    const index = read('docs/index.md')
    const pages = PAGES.filter((page) => page.startsWith('docs/') && page !== 'docs/index.md')
    expect(pages.length).toBeGreaterThan(20)
    expect(pages.filter((page) => !index.includes(`](${posix.relative('docs', page)})`))).toEqual([])
  })

  test('every setting and secret has its row, and no other', () => {
    const [settings = '', secrets = ''] = read('docs/reference/settings.md').split(/^## /m)
    const rows = (text: string) => [...text.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name)
    expect(rows(settings).sort()).toEqual([...SETTING_NAMES].sort())
    expect(rows(secrets).sort()).toEqual([...SECRET_VARIABLES].sort())
  })

  test('every script of package.json has its row, and no other', () => {
    const commands = [...read('docs/reference/commands.md').matchAll(/^\| `npm (?:run )?(?:-s )?([\w:]+)/gm)].map(
      ([, name]) => name as string,
    )
    expect([...new Set(commands)].sort()).toEqual(Object.keys(JSON.parse(read('package.json')).scripts).sort())
  })

  test('every finding of fsck has its row', () => {
    const problems = [...read('src/core/finding.ts').matchAll(/^ {2}\| '([\w-]+)'/gm)].map(([, name]) => name)
    expect(problems.length).toBeGreaterThan(10)
    const rows =
      read('docs/guides/check-a-bucket.md')
        .match(/^\| `.*$/gm)
        ?.join('\n') ?? ''
    expect(problems.filter((name) => !rows.includes(`\`${name}\``))).toEqual([])
  })
})

test('pages that the source names exist', () => {
  const sources = tracked.filter((file) => /\.(ts|sql|py|jsonc)$/.test(file) && file !== 'test/docs.node.test.ts')
  const named = sources.flatMap((file) => read(file).match(/\bdocs\/[\w/-]+\.md\b/g) ?? [])
  expect(named.length).toBeGreaterThan(10)
  expect([...new Set(named)].filter((page) => !PAGES.includes(page))).toEqual([])
})

/** The comments of a source file, without the marks in front of their lines. */
const commentsOf = (source: string): string =>
  (source.match(/\/\*\*?[\s\S]*?\*\/|(?<=^|\s)(?:\/\/|--) .*$/gm) ?? []).join('\n').replace(/^\s*(?:\/\*\*?|\*|\/\/|--) ?/gm, '')

test('no comment of the product has a sentence that begins with "What" or "Whatever"', () => {
  const sources = tracked.filter((file) => /^(?:src|durable-objects|migrations)\/.*\.(?:ts|sql)$/.test(file))
  expect(sources.length).toBeGreaterThan(300)
  expect(sources.flatMap((file) => riddles(commentsOf(read(file))).map((riddle) => `${file}: ${riddle}`))).toEqual([])
})

describe('a planted fault is found', () => {
  test('in the links', () => {
    const planted =
      '[a](docs/absent.md) [b](README.md#absent) [c](https://example.com) [d](README.md#deploy)\n\n```md\n[e](absent.md)\n```\n'
    expect(brokenLinks('README.md', planted)).toEqual(['docs/absent.md', 'README.md#absent'])
  })

  test('in the names of files', () => {
    const planted =
      '`src/index.ts`, `src/absent.ts`, `src/absent/*.ts`, `src/faces/*/dispatch.ts`, `absent-file.ts`, `policies.ts`, `a/b.ts`'
    expect(missingFiles(planted)).toEqual(['src/absent.ts', 'src/absent/*.ts', 'absent-file.ts'])
  })

  test('in the sentences', () => {
    expect(riddles('It is so. What is stored is sealed. Say what you mean.\n\n* Whatever comes, goes. `What`\n')).toEqual([
      'What is stored is sealed. Say what you mean.',
      'Whatever comes, goes. ',
    ])
    const source = "/** What it is. */\nconst a = 'What' // It is. What else\n/**\n * One.\n * Whatever comes.\n */\n-- What a row is"
    expect(riddles(commentsOf(source))).toHaveLength(4)
  })
})
