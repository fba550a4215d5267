import type { Elsewhere } from './sippy.ts'

/** One row of the error table: how each face names the failure. */
interface ErrorRow {
  /** HTTP status on the S3 face and on the REST face. */
  readonly s3: number
  /** Code on the REST face and in the Workers binding; absent if R2 has no number. Codes below 10001 exist on the REST face only. */
  readonly v4?: number
  readonly message: string
}

/** Every failure that has a name. Each face reads its own column. Codes and texts are R2's. */
export const ERRORS = {
  AccessDenied: { s3: 403, v4: 10003, message: 'Access Denied' },
  AuthenticationError: { s3: 403, v4: 10000, message: 'Authentication error' },
  BadDigest: { s3: 400, v4: 10037, message: 'The checksum you specified did not match what we received.' },
  BadRequest: { s3: 400, message: 'Bad Request' },
  BucketAlreadyOwnedByYou: { s3: 409, v4: 10004, message: 'The bucket you tried to create already exists, and you own it.' },
  BucketHasNotificationRules: {
    s3: 409,
    v4: 10083,
    message: 'The bucket has event notification rules, so it cannot be emptied as a whole. Remove the rules first, or delete by prefix.',
  },
  BucketNotEmpty: { s3: 409, v4: 10008, message: 'The bucket you tried to delete is not empty.' },
  CouldNotRoute: { s3: 404, v4: 7003, message: 'Could not route to this path, perhaps your object identifier is invalid?' },
  DomainInUse: { s3: 409, message: 'The domain is in use: it is attached to a bucket already, or it is an address of this deployment.' },
  /** Like S3's answer for an object whose KMS key is lost: a 400 with its own code, since a retry does not help. */
  EncryptionKeyUnavailable: { s3: 400, message: 'The master key that protects these bytes is not configured.' },
  EntityTooLarge: { s3: 400, v4: 100100, message: 'Your proposed upload exceeds the maximum allowed object size.' },
  EntityTooSmall: { s3: 400, v4: 10011, message: 'Your proposed upload is smaller than the minimum allowed object size.' },
  ExpiredRequest: { s3: 403, v4: 10018, message: 'Request has expired' },
  InvalidUpstreamCredentials: { s3: 400, v4: 10063, message: 'The upstream credentials are not valid.' },
  IncompleteBody: { s3: 400, v4: 10013, message: 'You did not provide the number of bytes specified by the Content-Length HTTP header.' },
  InternalError: { s3: 500, v4: 10001, message: 'We encountered an internal error. Please try again.' },
  InvalidAccessToken: { s3: 401, v4: 9109, message: 'Invalid access token' },
  InvalidApiToken: { s3: 401, v4: 1000, message: 'Invalid API Token' },
  InvalidArgument: { s3: 400, v4: 10029, message: 'Invalid Argument' },
  InvalidAuthorization: { s3: 400, v4: 6003, message: 'Invalid format for Authorization header' },
  InvalidBucketName: { s3: 400, v4: 10005, message: 'The specified bucket name is not valid.' },
  InvalidDigest: { s3: 400, v4: 10014, message: 'The checksum or Content-MD5 you specified is not valid.' },
  InvalidEncryptionAlgorithmError: {
    s3: 400,
    message: 'The encryption request that you specified is not valid. The valid value is AES256.',
  },
  InvalidMaxKeys: { s3: 400, v4: 10022, message: 'MaxKeys params must be positive integer <= 1000.' },
  InvalidNotificationRule: {
    s3: 400,
    v4: 11014,
    message:
      'The event notification rules are not valid: each needs one or more of the actions PutObject, CopyObject, CompleteMultipartUpload, DeleteObject and LifecycleDeletion, and its prefix, suffix and description have 1,024 bytes at most.',
  },
  InvalidObjectName: { s3: 400, v4: 10020, message: 'The specified object name is not valid.' },
  InvalidPart: { s3: 400, v4: 10025, message: 'One or more of the specified parts could not be found.' },
  InvalidPartNumber: { s3: 416, message: 'The requested partnumber is not satisfiable' },
  InvalidPolicyDocument: { s3: 400, message: 'The content of the form does not meet the conditions specified in the policy document.' },
  InvalidRange: { s3: 416, v4: 10039, message: 'The requested range is not satisfiable' },
  InvalidRegionName: { s3: 400, message: 'The region name is not valid.' },
  InvalidRequest: { s3: 400, message: 'Invalid Request' },
  InvalidStorageClass: { s3: 400, v4: 10062, message: 'The storage class specified is not valid.' },
  InvalidTag: { s3: 400, message: 'The tag provided was not a valid tag.' },
  MalformedJSON: { s3: 400, v4: 10040, message: 'The JSON you provided was not well formed.' },
  MalformedPOSTRequest: { s3: 400, message: 'The body of your POST request is not well-formed multipart/form-data.' },
  MalformedTrailerError: {
    s3: 400,
    message: 'The request contained trailing data that was not well-formed or did not conform to our published schema.',
  },
  MalformedXML: {
    s3: 400,
    message: 'The XML you provided was not well formed or did not validate against our published schema.',
  },
  MaxPostPreDataLengthExceeded: {
    s3: 400,
    message: 'Your POST request fields preceding the upload file were too large.',
  },
  MetadataTooLarge: { s3: 400, v4: 10012, message: 'Your metadata headers exceed the maximum allowed metadata size.' },
  MissingAuthentication: { s3: 401, v4: 9106, message: 'Missing Authorization header' },
  MissingContentLength: { s3: 411, v4: 10033, message: 'You must provide the Content-Length HTTP header.' },
  NoSuchAuditEntry: { s3: 404, message: 'The audit log has no such entry.' },
  NoSuchBucket: { s3: 404, v4: 10006, message: 'The specified bucket does not exist.' },
  NoSuchBucketPolicy: { s3: 404, message: 'The bucket policy does not exist' },
  NoSuchCORSConfiguration: { s3: 404, v4: 10059, message: 'The CORS configuration does not exist.' },
  NoSuchConfiguration: { s3: 404, message: 'The specified configuration does not exist.' },
  NoSuchDomain: { s3: 404, v4: 10053, message: 'The specified custom domain does not exist.' },
  NoSuchJob: { s3: 404, message: 'The job does not exist.' },
  NoSuchKey: { s3: 404, v4: 10007, message: 'The specified key does not exist.' },
  NoSuchLifecycleConfiguration: { s3: 404, message: 'The lifecycle configuration does not exist.' },
  NoSuchNotificationConfiguration: { s3: 404, v4: 11015, message: 'The bucket has no event notification rules for this queue.' },
  NoSuchNotificationRule: { s3: 404, v4: 11011, message: 'The specified event notification rule does not exist.' },
  NoSuchPublicAccessBlockConfiguration: { s3: 404, message: 'The public access block configuration was not found' },
  NoSuchTagSet: { s3: 404, message: 'The TagSet does not exist.' },
  NoSuchToken: { s3: 404, v4: 1003, message: 'The specified API token does not exist.' },
  NoSuchUpload: { s3: 404, v4: 10024, message: 'The specified multipart upload does not exist.' },
  NoSuchWebsiteConfiguration: { s3: 404, message: 'The specified bucket does not have a website configuration' },
  NotImplemented: { s3: 501, v4: 10501, message: 'Not implemented' },
  ObjectLockedByBucketPolicy: { s3: 409, v4: 10069, message: 'The object is locked by the bucket policy.' },
  ObjectLockConfigurationNotFoundError: { s3: 404, message: 'Object Lock configuration does not exist for this bucket.' },
  OverlappingNotificationRule: {
    s3: 409,
    v4: 11020,
    message: 'The event notification rule overlaps with another one: both would report the same event.',
  },
  OwnershipControlsNotFoundError: { s3: 404, message: 'The bucket ownership controls were not found' },
  PreconditionFailed: { s3: 412, v4: 10031, message: 'At least one of the pre-conditions you specified did not hold.' },
  QueueNotFound: { s3: 404, v4: 11000, message: 'Queue not found.' },
  ReplicationConfigurationNotFoundError: { s3: 404, message: 'The replication configuration was not found.' },
  RequestTimeTooSkewed: { s3: 403, message: "The difference between the request time and the server's time is too large." },
  RequestTimeout: { s3: 400, message: 'Your socket connection to the server was not read from or written to within the timeout period.' },
  RouteNotFound: { s3: 404, v4: 10015, message: 'No route matches this url.' },
  ServiceUnavailable: { s3: 503, v4: 10043, message: 'Service is temporarily unavailable. Please try again.' },
  SignatureDoesNotMatch: {
    s3: 403,
    v4: 10035,
    message:
      'The request signature we calculated does not match the signature you provided. Check your secret access key and signing method.',
  },
  SlowDown: { s3: 503, v4: 10043, message: 'Please reduce your request rate.' },
  TooManyBuckets: { s3: 400, v4: 10009, message: 'You have attempted to create more buckets than allowed.' },
  TooManyDomains: { s3: 400, message: 'You have attempted to attach more custom domains than allowed.' },
  TooManyJobs: { s3: 409, message: 'Maximum number of concurrent jobs has been reached' },
  TooManyRequests: { s3: 429, v4: 10058, message: 'Reduce your concurrent request rate for the same object.' },
  Unauthorized: { s3: 401, v4: 10002, message: 'Unauthorized' },
  XAmzContentSHA256Mismatch: { s3: 400, message: "The provided 'x-amz-content-sha256' header does not match what was computed." },
} as const satisfies Record<string, ErrorRow>

export type ErrorCode = keyof typeof ERRORS

/** Details of one failure beyond its row: another message, another status where R2 answers with one, further named fields. */
export interface ErrorDetail {
  readonly message?: string
  readonly status?: number
  /** For `NoSuchUpload`: the upload never existed. The Workers binding distinguishes this from an upload that is finished. */
  readonly neverWas?: boolean
  /** For `NoSuchKey`, between a Bucket and the engine: another provider may have the object. */
  readonly elsewhere?: Elsewhere
  /** Elements that the S3 face prints after `Message`, in this order. */
  readonly fields?: Readonly<Record<string, string>>
}

/** The only error class. It is thrown within an isolate and crosses RPC as an {@link Outcome}. */
export class StoreError extends Error {
  readonly code: ErrorCode
  readonly detail: ErrorDetail

  constructor(code: ErrorCode, detail: ErrorDetail = {}) {
    super(detail.message ?? ERRORS[code].message)
    this.name = 'StoreError'
    this.code = code
    this.detail = detail
  }

  /** HTTP status on the S3 face. */
  get status(): number {
    return this.detail.status ?? ERRORS[this.code].s3
  }
}

/** Whether a status asks the client to come back. */
export const isRetriable = (status: number): boolean => status === 429 || status === 503

/** R2's refusal of a feature that it does not have: `<what> not implemented`, 501. */
export const notImplemented = (what: string): StoreError => new StoreError('NotImplemented', { message: `${what} not implemented` })

/** R2's refusal of a header's value; the empty value is printed as `''`. */
export const headerNotImplemented = (name: string, value: string): StoreError => notImplemented(`Header '${name}' with value '${value}'`)

/** A 400 `InvalidArgument` with its own text. */
export const invalidArgument = (message: string): StoreError => new StoreError('InvalidArgument', { message })

/** The error that a client gets for a failure of the platform: it asks for a retry. The cause is kept for the log. */
export function unavailable(cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause
  const error = new StoreError('ServiceUnavailable')
  error.cause = cause
  return error
}

/** For the `catch` of a call to the platform. @throws StoreError ServiceUnavailable, see {@link unavailable} */
export function rethrowUnavailable(cause: unknown): never {
  throw unavailable(cause)
}
