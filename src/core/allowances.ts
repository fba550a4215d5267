/**
 * Everything that Cairn allows beyond R2, because AWS S3 allows it and our design has no reason to refuse it. With `R2_STRICT=true`
 * each of these requests fails exactly as it fails on R2. The table of docs/reference/s3.md is printed from these rows.
 */
export const ALLOWANCES = {
  signedChunks: 'Signed chunked uploads (`STREAMING-AWS4-HMAC-SHA256-PAYLOAD`, with or without a trailer); on R2 501 `NotImplemented`',
  encodedPaths:
    'Paths signed in their encoded form but sent in another form, as aws4fetch does with `(`; on R2 403 `SignatureDoesNotMatch`',
  unequalParts: 'Parts of different sizes in one multipart upload; on R2 400 `InvalidPart`',
  fastRewrites: 'More than one write a second to one key; on R2 429 `TooManyRequests`',
  fullObjectCrc: 'FULL_OBJECT checksums of multipart objects for CRC32 and CRC32C; on R2 501 `NotImplemented`',
  newChecksums:
    'The checksums SHA512, MD5, XXHASH64, XXHASH3 and XXHASH128; R2 ignores their headers, and answers 400 `InvalidRequest` to a trailer or an upload in parts with them',
  partCopyConditions: '`x-amz-copy-source-if-*` on UploadPartCopy, which the AWS CLI sends; on R2 501 `NotImplemented`',
  configurationChecksums: '`x-amz-sdk-checksum-algorithm` on PutBucketCors and its like, which AWS SDKs send; on R2 501 `NotImplemented`',
  postForms: 'Upload forms of browsers (PostObject) with a signed policy; on R2 501 `NotImplemented`',
  privateBucketAcl: '`x-amz-acl: private` on CreateBucket; on R2 501 `NotImplemented`',
  itemTokensOnRest: 'Tokens for the objects of buckets on the REST API; on R2 403 `Authentication error`',
  namedStorageClass: 'An unknown storage class in the Workers binding: the error names it (10062); on R2 an internal error (10001)',
  requestIds: '`x-amz-request-id` on every answer, and `RequestId` in errors; R2 has neither',
  emptyHeaders: 'Empty headers that ask for nothing, such as `x-amz-storage-class` and `x-amz-acl`: treated as absent; on R2 400 or 501',
  expectedOwner:
    '`x-amz-expected-bucket-owner` and `x-amz-source-expected-bucket-owner`: another account than that of the buckets is 403 `AccessDenied`; on R2 501 `NotImplemented`',
  bucketStatements:
    'Configurations that tools read (policy, website, logging and their like): the answer of a bucket where nothing is configured, and 200 for a request that states what is so already; on R2 501 `NotImplemented`',
  governanceBypass:
    '`x-amz-bypass-governance-retention` on deletes: no object is under retention, so it changes nothing; on R2 501 `NotImplemented`',
  attributes: 'GetObjectAttributes; on R2 501 `NotImplemented`',
  conditionalDeletes:
    '`If-Match` and other conditions on DeleteObject, and `ETag`, `Size`, `LastModifiedTime` in DeleteObjects; R2 ignores them and deletes the object',
  plainCopyConditions: '`If-Match` and `If-None-Match` for the destination of CopyObject; R2 ignores them',
  renames: 'RenameObject; R2 ignores `?renameObject`, and stores an empty object',
  repeatedCompletions:
    'CompleteMultipartUpload that is sent again with the same parts, while its object is there: the same answer; on R2 404 `NoSuchUpload`',
  notificationConfigurations:
    'PutBucketNotificationConfiguration and GetBucketNotificationConfiguration, for queues: the same rules as over REST; on R2 501 `NotImplemented`',
  mailDates: 'A `Date` header in the form of RFC 5322, in any zone, in place of `x-amz-date`; on R2 400 `InvalidArgument`',
  sourceMetadata:
    'Objects that Sippy copies keep `Content-Type`, `Cache-Control`, `Content-Disposition`, `Content-Language`, `Content-Encoding` and `Expires`; on R2 only their `x-amz-meta-*`',
  tagging:
    'Tags of objects and buckets: the operations, `x-amz-tagging` on writes, lifecycle filters by tag, size and `And`; on R2 501 `NotImplemented`, and `DELETE ?tagging` deletes the object',
} as const

export type Allowance = keyof typeof ALLOWANCES

/** Requests that R2 accepts and Cairn refuses, because AWS S3 refuses them for good reason. With `R2_STRICT=true` Cairn accepts them as R2. */
export const REFUSALS = {
  unsignedHeaders:
    '`x-amz-*` and `cf-*` headers that change what a request does and that were not signed, also beside a presigned URL; 403 `AccessDenied`',
  unknownParameters:
    'Parameters on the PUT or POST of an object that no operation of Cairn has, such as `?restore`, or `?annotation`, which is refused on GET and DELETE too; 501 `NotImplemented`. Names that start with `x-` are free, as on S3. R2 ignores all of them, and overwrites the object',
  unknownWrites:
    '`x-amz-write-offset-bytes`, `x-amz-rename-source` without `?renameObject`, and the headers of an event hold; 501 `NotImplemented`. R2 ignores them',
  objectSizes: 'An `x-amz-mp-object-size` that is no number, or another size than that of the object; 400 `InvalidRequest`. R2 ignores it',
  futureUrls: 'Presigned URLs that are dated more than 15 minutes ahead; 403 `AccessDenied`',
} as const
