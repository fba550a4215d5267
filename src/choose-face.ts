import { type IRequest, IttyRouter } from 'itty-router'
import { isOwnHost, managedIdOf, type OwnHosts, withoutDot } from './core/domain.ts'
import { ADMIN_SEGMENT, HEALTH_SEGMENT, PUBLIC_SEGMENT, RESERVED_SEGMENTS } from './core/reserved-names.ts'
import { type PublicTarget, targetOfPath } from './faces/public/target.ts'
import { readAddress } from './faces/s3/address.ts'

/** The face that answers a request, and the target if the choice already determined it. */
export type Choice = { readonly face: 's3' | 'rest' | 'admin' | 'health' } | { readonly face: 'public'; readonly target: PublicTarget }

export type Place = Pick<URL, 'hostname' | 'pathname'>

const S3: Choice = { face: 's3' }

const faceOf = (choice: Choice) => () => choice

const byPath = IttyRouter<IRequest, [pathname: string]>()
  .all('/client/v4/*', faceOf({ face: 'rest' }))
  .all(`/${ADMIN_SEGMENT}/*`, faceOf({ face: 'admin' }))
  .all(`/${HEALTH_SEGMENT}`, faceOf({ face: 'health' }))
  .all(`/${PUBLIC_SEGMENT}/*`, (_, pathname): Choice => ({ face: 'public', target: targetOfPath(pathname) }))
  .all('*', faceOf(S3))

/**
 * Chooses the face of a request by its host and its path. On a host that belongs to one bucket every path is a key: of a public bucket, or
 * of S3.
 * @param isCustomDomain returns whether a host is a custom domain of a bucket; not called for hosts of the deployment itself
 * @throws the errors of `isCustomDomain`
 */
export async function chooseFace(place: Place, own: OwnHosts, isCustomDomain: (host: string) => Promise<boolean>): Promise<Choice> {
  const host = withoutDot(place.hostname)
  const id = managedIdOf(host, own.s3Host)
  if (id !== undefined) return publicHost(id, place)
  if (!isOwnHost(host, own) && (await isCustomDomain(host))) return publicHost(host, place)
  return hasBucketHost(place, own) ? S3 : chooseByPath(place.pathname)
}

/**
 * Chooses the face by the path alone. The router gets no query, because it takes quadratic time to parse one. A path of S3 never reaches
 * the router: nearly every request has one, and the first segment tells.
 */
export async function chooseByPath(pathname: string): Promise<Choice> {
  const end = pathname.indexOf('/', 1)
  const first = pathname.slice(1, end < 0 ? undefined : end)
  return RESERVED_SEGMENTS.includes(first) ? byPath.fetch({ method: 'GET', url: `http://host${pathname}` }, pathname) : S3
}

const publicHost = (host: string, { pathname }: Place): Choice => ({
  face: 'public',
  target: { host, encodedKey: pathname.slice(1), onOwnHost: false },
})

function hasBucketHost(place: Place, own: OwnHosts): boolean {
  const address = readAddress(place, own)
  return address.on === 'object' && !RESERVED_SEGMENTS.includes(address.bucket)
}

/** Returns the path of a URL that cannot be parsed, for example because its host is invalid; `/` when it has no path. */
export const pathOfBrokenUrl = (url: string): string => /^[a-z]+:\/\/[^/?#]*(\/[^?#]*)/i.exec(url)?.[1] ?? '/'
