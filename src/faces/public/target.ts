import { findDomain } from '../../control/domains.ts'
import { isManagedId, isOwnHost, managedIdOf, withoutDot } from '../../core/domain.ts'
import { logUnexpected } from '../../http/log-unexpected.ts'
import type { PublicPorts } from './ports.ts'

/** What a public request is about. */
export interface PublicTarget {
  /** A custom domain, or the id of a managed URL: a host in the table of domains. */
  readonly host: string
  /** Still percent-encoded. */
  readonly encodedKey: string
  /** The URL is below a host of the deployment itself, and shares its origin. */
  readonly onOwnHost: boolean
}

/**
 * The target of a request whose host names a bucket: `pub-<id>` before a host of the deployment, or a custom domain. `undefined` for every
 * other host. The deployment's own hosts cost nothing; any other is looked up, with what is known of it kept for a while.
 */
export async function targetOfHost(url: URL, { control, config }: PublicPorts): Promise<PublicTarget | undefined> {
  const host = withoutDot(url.hostname)
  const id = managedIdOf(host, config.s3Host)
  if (id !== undefined) return { host: id, encodedKey: url.pathname.slice(1), onOwnHost: false }
  if (isOwnHost(host, config)) return undefined
  // Without the table no domain is known to be attached: the other faces are safe to answer, since they ask who calls.
  const domain = await findDomain(control, host, Date.now()).catch(logUnexpected)
  return domain?.kind === 'custom' ? { host, encodedKey: url.pathname.slice(1), onOwnHost: false } : undefined
}

/** The target of `/_public/<id>/<key>`, the managed URL where there is no host for it; an id that is none finds nothing. */
export function targetOfPath({ pathname }: URL): PublicTarget {
  const [, , id = '', ...rest] = pathname.split('/')
  return { host: isManagedId(id) ? id : '', encodedKey: rest.join('/'), onOwnHost: true }
}
