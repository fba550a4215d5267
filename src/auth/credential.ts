import { invalidArgument, StoreError } from '../core/errors.ts'

/** A valid `<access key id>/<date>/<region>/<service>/aws4_request`. */
export interface Credential {
  readonly accessKeyId: string
  /** `YYYYMMDD`. */
  readonly date: string
  /** The region as it was sent, because the signature covers it. Empty and `us-east-1` mean `auto`. */
  readonly region: string
  /** `<date>/<region>/s3/aws4_request`, the form used in strings to sign. */
  readonly scope: string
}

const REGIONS = ['wnam', 'enam', 'weur', 'eeur', 'apac', 'oc', 'auto']
const REGION_ALIASES = ['', 'us-east-1']
const ACCESS_KEY_ID_LENGTH = 32

/**
 * Parses a credential scope.
 * @param amzDate the request's date, already known to be well formed.
 * @throws StoreError of the first of R2's checks that fails.
 */
export function parseCredential(text: string, amzDate: string): Credential {
  const parts = text.split('/')
  if (parts.length < 5) {
    throw invalidArgument(`Credential sigv4 header should have at least 5 slash-separated parts, not ${parts.length}`)
  }
  const [date, region, service, terminator] = parts.slice(-4) as [string, string, string, string]
  // Further slashes belong to the access key id.
  const accessKeyId = parts.slice(0, -4).join('/')
  if (service !== 's3') throw invalidArgument(`Credential service should be s3, not ${service}`)
  if (terminator !== 'aws4_request') throw invalidArgument(`Credential termination string should be aws4_request, not ${terminator}`)
  if (accessKeyId.length !== ACCESS_KEY_ID_LENGTH) {
    throw invalidArgument(`Credential access key has length ${accessKeyId.length}, should be ${ACCESS_KEY_ID_LENGTH}`)
  }
  checkRegion(region)
  // R2 names this header even if the date came from elsewhere.
  if (date !== amzDate.slice(0, 8)) {
    throw invalidArgument(`Credential signed date ${date} does not match ${amzDate.slice(0, 8)} from 'x-amz-date' header`)
  }
  return { accessKeyId, date, region, scope: `${date}/${region}/s3/aws4_request` }
}

function checkRegion(region: string): void {
  if (REGIONS.includes(region) || REGION_ALIASES.includes(region)) return
  throw new StoreError('InvalidRegionName', {
    message: `The region name '${region}' is not valid. Must be one of: ${REGIONS.join(', ')}`,
  })
}
