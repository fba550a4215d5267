import { type BucketRef, JURISDICTIONS, type Jurisdiction } from '../../core/object.ts'
import { plainTypeError } from './failure.ts'

/** The `props` of a service binding: they name its bucket and say what the Worker may do with it. */
export interface BindingProps {
  readonly bucket: string
  readonly jurisdiction?: Jurisdiction
  /** `read` when absent, to be safe. */
  readonly permission?: 'read' | 'read-write'
  /** Creates the bucket if it does not exist. Needs the permission `read-write`. */
  readonly createIfMissing?: boolean
}

/** The known members. Any other is refused: its author may expect it to limit access, and ignoring it would grant more. */
const MEMBERS: readonly string[] = ['bucket', 'jurisdiction', 'permission', 'createIfMissing'] satisfies (keyof BindingProps)[]

/** The access that a binding is configured for. */
export interface Grant {
  readonly bucket: BucketRef
  readonly mayWrite: boolean
  readonly createIfMissing: boolean
}

/**
 * Reads the props. They come from the configuration of another Worker, so the error says clearly what its developer must change.
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
