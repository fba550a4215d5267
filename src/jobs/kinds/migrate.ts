import { invalidArgument } from '../../core/errors.ts'
import { jobPurpose, openSecrets, resealSecrets } from '../../sources/secrets.ts'
import type { JobKind, JobPorts, RunningJob } from '../job-kind.ts'
import { copyItems, type ItemsStep, WIDEST } from '../migration/copy-items.ts'
import { beginLarge, continueLarge } from '../migration/copy-large.ts'
import { isLarge } from '../migration/copy-whole.ts'
import { COPY_SIZES, type MigrationCursor, type MigrationHidden, type MigrationParams, type WaitingItem } from '../migration/migration.ts'

/** The limit of R2: https://developers.cloudflare.com/r2/data-migration/super-slurper/ */
const MOST_JOBS = 3
/** A step ends at 300 calls; the copies that are under way then need some more. */
const CALLS_PER_STEP = 400
/** A line for each object that is not copied, so that the failed ones can be copied again. */
const LOG_LINES = 100_000

type Migration = RunningJob<MigrationParams, MigrationHidden>

/**
 * Copies the objects of another provider's bucket. A step copies some objects and then records where it is; the same step twice copies the
 * same objects twice and counts them once. The source is never changed.
 */
export const migrate: JobKind<MigrationParams, MigrationCursor, MigrationHidden> = {
  name: 'migrate',
  callsPerStep: CALLS_PER_STEP,
  maxActive: MOST_JOBS,
  logLines: LOG_LINES,
  endsOnFailure: true,

  check({ overwrite }) {
    if (typeof overwrite !== 'boolean') throw invalidArgument('A migration says whether it overwrites objects.')
  },

  async step(ports, job, cursor = { waiting: [], width: WIDEST }) {
    const step = await openStep(ports, job)
    if (cursor.large) return continueLarge(step, cursor, cursor.large)
    const large = cursor.waiting.find((item) => isLarge(step.copier, item) && item.dueMs <= ports.now())
    if (large === undefined) return copyItems(step, cursor)
    const waiting = cursor.waiting.filter((item) => item !== large)
    return beginLarge(step, { ...cursor, waiting }, large as WaitingItem & { size: number })
  },

  async reseal(keyring, hidden, { id }) {
    const sealed = await resealSecrets(keyring, jobPurpose(id), hidden.sealed)
    return sealed === undefined ? null : { ...hidden, sealed }
  },
}

async function openStep(
  { store, now, keyring, openSource, stopped, copySizes: sizes = COPY_SIZES }: JobPorts,
  job: Migration,
): Promise<ItemsStep> {
  const { sealed, keys } = job.hidden
  const source = openSource(job.params.source, await openSecrets(keyring(), jobPurpose(job.id), sealed))
  let made = 0
  const countCalls = (calls: number) => {
    made += calls
  }
  return { copier: { store, source, job, now, sizes, countCalls }, keys, calls: () => made, stopped }
}
