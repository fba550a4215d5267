import { isManagedId } from '../../core/domain.ts'

/** The target of a public request. */
export interface PublicTarget {
  /** The host as the table of domains has it: a custom domain, or the id of a managed URL. */
  readonly host: string
  /** The key, still percent-encoded. */
  readonly encodedKey: string
  /** Whether the URL is on a host of the deployment itself and so shares its origin. */
  readonly onOwnHost: boolean
}

/** Returns the target of `/_public/<id>/<key>`, the form of a managed URL that needs no host of its own. A malformed id finds nothing. */
export function targetOfPath(pathname: string): PublicTarget {
  const [, , id = '', ...rest] = pathname.split('/')
  return { host: isManagedId(id) ? id : '', encodedKey: rest.join('/'), onOwnHost: true }
}
