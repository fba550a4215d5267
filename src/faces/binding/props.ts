import { type BucketRef, JURISDICTIONS, type Jurisdiction } from '../../core/object.ts'
import { plainTypeError } from './failure.ts'

/** The `props` of a service binding: which bucket it is for, and what its Worker may do with it. */
export interface BindingProps {
  readonly bucket: string
  readonly jurisdiction?: Jurisdiction
  /** `read` when absent: the safe side. */
  readonly permission?: 'read' | 'read-write'
  /** Makes the bucket when there is none yet; the permission must be `read-write`. */
  readonly createIfMissing?: boolean
}

/** Whoever writes another one may mean a limit, which would be none. */
const MEMBERS: readonly string[] = ['bucket', 'jurisdiction', 'permission', 'createIfMissing'] satisfies (keyof BindingProps)[]

/** What a binding was configured for. */
export interface Grant {
  readonly bucket: BucketRef
  readonly mayWrite: boolean
  readonly createIfMissing: boolean
}

/**
 * Reads the props. They are the configuration of another Worker, so a mistake in them is told to its developer.
 * @throws TypeError
 */
export function readProps(props: Partial<Record<keyof BindingProps, unknown>> | undefined): Grant {
  const { bucket, jurisdiction = 'default', permission = 'read', createIfMissing = false } = props ?? {}
  if (typeof bucket !== 'string' || bucket === '') throw plainTypeError('The props of a binding to Cairn must name its "bucket".')
  const unknown = Object.keys(props ?? {}).find((name) => !MEMBERS.includes(name))
  if (unknown !== undefined) throw plainTypeError(`The props of a binding to Cairn have no "${unknown}": they are ${MEMBERS.join(', ')}.`)
  if (!JURISDICTIONS.includes(jurisdiction as Jurisdiction)) {
    throw plainTypeError(`The "jurisdiction" of a binding to Cairn must be one of: ${JURISDICTIONS.join(', ')}.`)
  }
  if (permission !== 'read' && permission !== 'read-write') {
    throw plainTypeError('The "permission" of a binding to Cairn must be "read" or "read-write".')
  }
  const mayWrite = permission === 'read-write'
  return {
    bucket: { name: bucket, jurisdiction: jurisdiction as Jurisdiction },
    mayWrite,
    createIfMissing: mayWrite && createIfMissing === true,
  }
}
