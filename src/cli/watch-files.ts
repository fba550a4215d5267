import { watch } from 'node:fs'
import { basename, dirname, join, sep } from 'node:path'

/** How long to wait for further changes: editors write a file in several steps, and a checkout writes many files. */
const QUIET_MS = 150

/**
 * Calls `changed` with the last file that was written, replaced or removed, after a short time without further changes. It does not
 * watch files below `node_modules`.
 * @returns a function that stops watching
 */
export function watchFiles(files: readonly string[], changed: (file: string) => void): () => void {
  let timer: NodeJS.Timeout | undefined
  const note = (file: string) => {
    clearTimeout(timer)
    timer = setTimeout(() => changed(file), QUIET_MS)
  }
  // Watch the folders: editors replace a file with a new one of the same name, which a watch on the file would miss.
  const watchers = [...byFolder(files)].map(([folder, names]) =>
    watch(folder, (_, name) => {
      if (name !== null && names.has(name)) note(join(folder, name))
    }).on('error', () => {}),
  )
  return () => {
    clearTimeout(timer)
    for (const watcher of watchers) watcher.close()
  }
}

function byFolder(files: readonly string[]): Map<string, Set<string>> {
  const folders = new Map<string, Set<string>>()
  for (const file of files.filter((path) => !path.split(sep).includes('node_modules'))) {
    const folder = dirname(file)
    folders.set(folder, (folders.get(folder) ?? new Set()).add(basename(file)))
  }
  return folders
}
