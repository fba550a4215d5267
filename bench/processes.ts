import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

// The processor time and memory of a server and its children, from /proc. On systems without /proc the columns stay empty.

const TICKS_PER_SECOND = 100
const KIB_PER_MIB = 1024

/** A process and all its descendants. */
export function treeOf(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const pid of allPids()) {
    const parent = Number(statOf(pid)[1])
    children.set(parent, [...(children.get(parent) ?? []), pid])
  }
  const found = [root]
  for (let i = 0; i < found.length; i++) found.push(...(children.get(found[i]!) ?? []))
  return found
}

export const cpuSeconds = (root: number): number =>
  treeOf(root).reduce((sum, pid) => {
    const fields = statOf(pid)
    return sum + (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS_PER_SECOND
  }, 0)

/** The present resident memory in MiB, summed over the tree. */
export const residentMib = (root: number): number => memoryMib(root, 'VmRSS')

/** The peak resident memory since {@link resetPeak} in MiB, summed over the tree. */
export const peakMib = (root: number): number => memoryMib(root, 'VmHWM')

export function resetPeak(root: number): void {
  for (const pid of treeOf(root)) {
    try {
      writeFileSync(`/proc/${pid}/clear_refs`, '5')
    } catch {} // It has ended, or it belongs to another user.
  }
}

function memoryMib(root: number, field: string): number {
  return treeOf(root).reduce((sum, pid) => {
    const found = new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(read(`/proc/${pid}/status`))
    return sum + Number(found?.[1] ?? 0) / KIB_PER_MIB
  }, 0)
}

function allPids(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
  } catch {
    return []
  }
}

/** The fields after the process name, which may contain any character: state, parent, ... */
function statOf(pid: number): string[] {
  const text = read(`/proc/${pid}/stat`)
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
