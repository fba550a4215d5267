import type { Config } from '../../config.ts'
import { withoutDot } from '../../core/domain.ts'
import { JURISDICTIONS, type Jurisdiction } from '../../core/object.ts'

/** The account, bucket or object that a request's host and path name. The key is still percent-encoded. */
export type Address =
  | { readonly on: 'account'; readonly jurisdiction: Jurisdiction }
  | { readonly on: 'bucket'; readonly jurisdiction: Jurisdiction; readonly bucket: string }
  | { readonly on: 'object'; readonly jurisdiction: Jurisdiction; readonly bucket: string; readonly encodedKey: string }

/**
 * Reads path-style (`/<bucket>/<key>`) and virtual-hosted addresses (`<bucket>.<host>/<key>`). A jurisdiction is a label
 * before the host. The host decides the style. Labels have a meaning only below `localhost` and the deployment's own S3 host.
 */
export function readAddress(url: Pick<URL, 'hostname' | 'pathname'>, { s3Host }: Pick<Config, 's3Host'>): Address {
  const { jurisdiction, bucket } = readHost(withoutDot(url.hostname.toLowerCase()), s3Host)
  const path = url.pathname.slice(1)
  if (bucket !== undefined) return objectIn(jurisdiction, bucket, path)
  const slash = path.indexOf('/')
  if (path === '') return { on: 'account', jurisdiction }
  return slash === -1 ? { on: 'bucket', jurisdiction, bucket: path } : objectIn(jurisdiction, path.slice(0, slash), path.slice(slash + 1))
}

function objectIn(jurisdiction: Jurisdiction, bucket: string, encodedKey: string): Address {
  return encodedKey === '' ? { on: 'bucket', jurisdiction, bucket } : { on: 'object', jurisdiction, bucket, encodedKey }
}

function readHost(host: string, s3Host: string | undefined): { jurisdiction: Jurisdiction; bucket?: string } {
  const base = [s3Host, 'localhost'].find((candidate) => candidate !== undefined && host.endsWith(`.${candidate}`))
  if (base === undefined) return { jurisdiction: 'default' }
  const labels = host.slice(0, -base.length - 1)
  const [, bucket, last] = /^(?:(.+)\.)?([^.]+)$/.exec(labels) ?? []
  const jurisdiction = JURISDICTIONS.find((name) => name !== 'default' && name === last)
  return jurisdiction ? { jurisdiction, bucket } : { jurisdiction: 'default', bucket: labels }
}
