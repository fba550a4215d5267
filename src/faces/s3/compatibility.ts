import { ALLOWANCES, REFUSALS } from '../../core/allowances.ts'
import { POST_OBJECT } from './post-form.ts'
import type { Route } from './route.ts'
import { ROUTES } from './routes.ts'

/** Notes for operations where the plain name says too little. */
const NOTES: Readonly<Record<string, string>> = {
  ListBuckets: "with R2's paging (`prefix`, `start-after`, `max-keys`, or the `cf-` headers)",
  CreateBucket: 'location hints, default storage class',
  PutBucketEncryption: 'AES256 only; everything is encrypted anyway',
  GetBucketVersioning: 'always unversioned',
  GetObjectLockConfiguration: 'always none',
  GetBucketReplication: 'always none',
  GetBucketAcl: 'always private',
  GetObjectAttributes: 'everything but the checksums of parts; parts are listed with their sizes',
  RenameObject: 'in one transaction; keeps the date, the metadata and the tags',
  DeleteObject: '`If-Match` and the other conditions',
  PutBucketVersioning: 'checks the XML, then 501',
  PutObject: 'conditions, ten checksums, SSE-C, storage classes, Unicode metadata, `cf-create-bucket-if-missing`',
  GetObject: 'ranges, conditions, `partNumber`, `response-*`, SSE-C',
  CopyObject: 'COPY, REPLACE, MERGE; conditions on source and destination; moves no bytes inside a bucket',
  UploadPartCopy: 'moves no bytes inside a bucket',
  CompleteMultipartUpload: 'conditions; moves no bytes; may be sent again',
  ListObjects: 'all parameters',
  ListObjectsV2: 'all parameters',
  DeleteObjects: 'up to 1,000 keys in one transaction; `ETag`, `Size`, `LastModifiedTime`',
  PostBucket: 'a signed POST without `delete`: 200 and nothing done',
}

const isDone = (route: Route): boolean => route.run !== undefined
const namesOf = (routes: readonly Route[]): string[] => [...new Set(routes.map((route) => route.op))]

/** Returns the tables of docs/reference/s3.md in Markdown, made from the route table and the allowances. A test writes them into the page. */
export function compatibilityTables(): string {
  const notes = { ...NOTES, ...Object.fromEntries([...ROUTES, POST_OBJECT].flatMap(({ op, note }) => (note ? [[op, note]] : []))) }
  const names = namesOf([...ROUTES.filter(isDone), POST_OBJECT])
  const done = names.map((op) => `| ${op} | ${notes[op] ?? ''} |`)
  const absent = namesOf(ROUTES.filter((route) => !isDone(route))).filter((op) => !names.includes(op))
  return [
    '| operation | |',
    '|---|---|',
    ...done,
    '',
    `Answered with 501 \`NotImplemented\`, as on R2: ${absent.join(', ')}.`,
    '',
    '## Differences from R2',
    '',
    '| allowed by default, refused with `R2_STRICT=true` |',
    '|---|',
    ...Object.values(ALLOWANCES).map((text) => `| ${text} |`),
    '',
    '| refused by default, let through with `R2_STRICT=true` |',
    '|---|',
    ...Object.values(REFUSALS).map((text) => `| ${text} |`),
  ].join('\n')
}
