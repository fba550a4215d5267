import type { Finding } from '../../src/core/finding.ts'
import type { BucketRef } from '../../src/core/object.ts'
import type { FsckCursor } from '../../src/store/maintenance/fsck.ts'
import type { Store } from '../../src/store/store.ts'

/** Checks a bucket to the end. `between` runs after every step, in the place of the bucket's other clients. */
export async function fsckAll(
  store: Store,
  ref: BucketRef,
  { repair = false, deep = false, between }: { repair?: boolean; deep?: boolean; between?: (step: number) => Promise<unknown> } = {},
): Promise<Finding[]> {
  const findings: Finding[] = []
  let cursor: FsckCursor | undefined
  for (let step = 0; ; step++) {
    const page = await store.fsck(ref, { cursor, repair, deep })
    findings.push(...page.report.findings)
    if (!page.next) return findings
    cursor = page.next
    await between?.(step)
  }
}
