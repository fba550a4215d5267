import { isManagedId } from '../../core/domain.ts'

/** What a public request is about. */
export interface PublicTarget {
  /** A custom domain, or the id of a managed URL: a host in the table of domains. */
  readonly host: string
  /** Still percent-encoded. */
  readonly encodedKey: string
  /** The URL is below a host of the deployment itself, and shares its origin. */
  readonly onOwnHost: boolean
}

/** The target of `/_public/<id>/<key>`, the managed URL where there is no host for it; an id that is none finds nothing. */
export function targetOfPath(pathname: string): PublicTarget {
  const [, , id = '', ...rest] = pathname.split('/')
  return { host: isManagedId(id) ? id : '', encodedKey: rest.join('/'), onOwnHost: true }
}
