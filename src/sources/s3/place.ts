import { invalidArgument } from '../../core/errors.ts'
import { awsEncode } from '../../core/key.ts'
import { type OutboundRules, readEndpoint } from '../endpoint.ts'

/** Where an S3 bucket is: the URL of its root, and the region that its requests are signed for. */
export interface Place {
  /** Without a slash at its end. */
  readonly root: string
  readonly region: string
  /** The bucket's name if AWS keeps it, so that another region is another address. */
  readonly awsBucket?: string
}

/** How a bucket is named: on AWS, at an endpoint, or by its own URL. */
export type Address =
  | { readonly bucket: string; readonly region?: string }
  | { readonly bucket: string; readonly endpoint: string; readonly region?: string }
  | { readonly bucketUrl: string; readonly region?: string }

const REGION = /^[a-z0-9-]{1,32}$/

/** Whether a text can be the name of a region. It becomes part of a host name. */
export const isRegion = (text: string): boolean => REGION.test(text)

/** Checks a region. @throws StoreError InvalidArgument */
function readRegion(region: string): string {
  if (!isRegion(region)) throw invalidArgument('The region of the source must consist of small letters, digits and hyphens.')
  return region
}

/**
 * Finds the place of a bucket. On AWS the bucket is in the host name, unless a dot in it would not fit the certificate. At an endpoint it is
 * in the path, which every provider accepts.
 * @throws StoreError InvalidArgument for an address that is not permitted
 */
export function placeOf(address: Address, rules: OutboundRules): Place {
  if ('bucketUrl' in address) return placeOfUrl(readEndpoint(address.bucketUrl, rules), address.region)
  const { bucket, region } = address
  checkBucketName(bucket)
  if (!('endpoint' in address)) return awsPlace(bucket, readRegion(region ?? 'us-east-1'))
  const endpoint = readEndpoint(address.endpoint, rules)
  return { root: `${rootOf(endpoint)}/${awsEncode(bucket)}`, region: region ? readRegion(region) : regionOfHost(endpoint.hostname) }
}

/** The place of an AWS bucket in a region, also if AWS just told the region. */
export function awsPlace(bucket: string, region: string): Place {
  const host = `s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`
  const root = bucket.includes('.') ? `https://${host}/${bucket}` : `https://${bucket}.${host}`
  return { root, region, awsBucket: bucket }
}

function placeOfUrl(url: URL, region?: string): Place {
  return { root: rootOf(url), region: region ? readRegion(region) : regionOfHost(url.hostname) }
}

/** Providers put the region into the host; R2 and Cairn sign for `auto`, and most others accept `us-east-1`. */
function regionOfHost(hostname: string): string {
  if (hostname.endsWith('.r2.cloudflarestorage.com')) return 'auto'
  const labels = hostname.split('.')
  const at = labels.findIndex((label) => label === 's3' || label.startsWith('s3-'))
  if (at === -1) return 'us-east-1'
  const after = labels[at + 1] === 'dualstack' ? labels[at + 2] : labels[at + 1]
  const joined = labels[at]!.slice('s3-'.length)
  const region = joined !== '' && joined !== 'accelerate' ? joined : (after ?? '')
  return isRegion(region) && /\d/.test(region) ? region : 'us-east-1'
}

/** A name that stays one segment of a path, or one part of a host. */
function checkBucketName(bucket: string): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/.test(bucket)) throw invalidArgument('The name of the source bucket is not valid.')
}

const rootOf = ({ origin, pathname }: URL): string => `${origin}${pathname.replace(/\/{1,64}$/, '')}`

/**
 * The URL of an object; `undefined` if no URL can name it: a segment `.` or `..` is resolved before a request leaves, even if its dots are
 * encoded.
 */
export function urlOfKey({ root }: Place, key: string): string | undefined {
  const isDots = key.split('/').some((segment) => segment === '.' || segment === '..')
  return isDots || !key.isWellFormed() ? undefined : `${root}/${awsEncode(key, true)}`
}
