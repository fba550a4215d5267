import { StoreError } from '../../../src/core/errors.ts'
import type { Finding } from '../../../src/core/finding.ts'
import { randomId } from '../../../src/core/ids.ts'
import type { FsckReport } from '../../../src/core/maintenance.ts'
import type { Step } from '../../../src/core/step.ts'
import type { CheckQuery, CheckRun } from '../../../src/store/maintenance/maintenance-api.ts'
import type { Context } from '../context.ts'
import { isImporting } from '../state.ts'
import { checkObjects } from './check-objects.ts'
import { checkExtents, checkGarbage, checkParts, checkUploads } from './check-owners.ts'
import { checkReferences } from './check-references.ts'
import { closeCheck, openCheck, readCheck, saveCheck } from './check-tables.ts'
import { checkUsage } from './check-usage.ts'

/** The primary key of a row. */
export type Position = readonly (string | number)[]

/** One page of a phase: where it starts, and whether to repair the findings that can be repaired. */
export interface PageOptions {
  readonly after: Position | null
  readonly repair: boolean
}

/** One page: the next one starts after its last row. */
export type PhaseStep = Step<Position, { readonly findings: readonly Finding[]; readonly checked: number }>

// The order matters: earlier phases count the references that `references` compares, and `uploads` corrects the bytes that `usage` adds up.
const PHASES: Readonly<Record<string, (context: Context, options: PageOptions) => PhaseStep>> = {
  objects: checkObjects,
  parts: checkParts,
  uploads: checkUploads,
  extents: checkExtents,
  garbage: checkGarbage,
  references: checkReferences,
  usage: checkUsage,
}
const NAMES = Object.keys(PHASES)

/**
 * Does one bounded step of a check of the metadata. The bucket may be in use: the check leaves out or follows the rows that change
 * meanwhile, and never reports them by mistake.
 * @throws StoreError InvalidRequest when another check has begun, or when this step was already done
 */
export function checkStep(context: Context, { run, repair }: CheckQuery): Step<CheckRun, FsckReport> {
  const { sql, now } = context
  if (isImporting(sql)) throw new StoreError('InvalidRequest', { message: 'An import into the bucket is not finished: run it again.' })
  if (!run) openCheck(context)
  const state = run ? readCheck(sql) : { id: randomId(), step: 0, phase: NAMES[0]!, after: null }
  if (!state || (run && (state.id !== run.id || state.step !== run.step))) {
    throw new StoreError('InvalidRequest', { message: 'This check of the bucket was ended or continued by somebody else: start again.' })
  }
  const { phase, after } = state
  const { report: found, next } = PHASES[phase]!(context, { after, repair })
  const report = { ...found, phase }
  const nextPhase = next ? phase : NAMES[NAMES.indexOf(phase) + 1]
  if (nextPhase === undefined) {
    closeCheck(sql)
    return { report }
  }
  const following = { id: state.id, step: state.step + 1 }
  saveCheck(context, { ...following, phase: nextPhase, after: next ?? null, touchedMs: now() })
  return { report, next: following }
}
