import type { Finding } from '../../../src/core/finding.ts'
import type { Context } from '../context.ts'
import type { PageOptions, PhaseStep } from './check.ts'

type Counters = Record<'objects' | 'payload_bytes' | 'metadata_bytes' | 'uploads' | 'upload_bytes', number>

/**
 * Compares the counters of each storage class with a recount. The walk and its triggers have counted the objects. Uploads are counted here
 * in one query, since few are open at a time.
 */
export function checkUsage({ sql }: Context, { repair }: PageOptions): PhaseStep {
  const findings: Finding[] = []
  for (const { storage_class: storageClass, ...recorded } of sql
    .exec<{ storage_class: string } & Counters>('SELECT * FROM usage')
    .toArray()) {
    const counted = recount(sql, storageClass)
    for (const [counter, value] of Object.entries(counted)) {
      if (recorded[counter as keyof Counters] === value) continue
      const at = { storageClass, counter, recorded: recorded[counter as keyof Counters], counted: value }
      findings.push({ problem: 'wrong-usage', at, repaired: repair })
      if (repair) sql.exec(`UPDATE usage SET ${counter} = ? WHERE storage_class = ?`, value, storageClass)
    }
  }
  return { report: { findings, checked: 1 } }
}

const recount = (sql: SqlStorage, storageClass: string): Counters =>
  sql
    .exec<Counters>(
      `SELECT c.objects, c.payload_bytes, c.metadata_bytes, count(u.id) AS uploads, coalesce(sum(u.bytes), 0) AS upload_bytes
       FROM check_usage c LEFT JOIN uploads u ON u.storage_class = c.storage_class AND u.state = 'open'
       WHERE c.storage_class = ? GROUP BY c.storage_class`,
      storageClass,
    )
    .one()
