import { describe, expect, test } from 'vitest'
import { parseFormPolicy } from '../../src/auth/form-policy.ts'
import type { ByteSource } from '../../src/core/byte-source.ts'
import { cacheLifetime } from '../../src/core/cache-lifetime.ts'
import { sniffContentType } from '../../src/core/content-type.ts'
import { type CorsRule, checkCorsRules, matchCors } from '../../src/core/cors.ts'
import { collectFields, withFilename } from '../../src/core/form-fields.ts'
import { checkKey, decodeKey } from '../../src/core/key.ts'
import { CHECKSUM_ALGORITHMS } from '../../src/core/object.ts'
import { outcomeOf, outcomeOfAsync } from '../../src/core/outcome.ts'
import { checkObjectTags } from '../../src/core/tags.ts'
import { readXml } from '../../src/core/xml-reader.ts'
import { readCursor } from '../../src/faces/rest/cursor.ts'
import { PutLifecycleBody } from '../../src/faces/rest/settings/lifecycle.ts'
import { readBody } from '../../src/faces/rest/validate.ts'
import { parseCorsConfiguration } from '../../src/faces/s3/configurations/cors.ts'
import { parseLifecycleConfiguration } from '../../src/faces/s3/configurations/lifecycle.ts'
import { copySourceBucket, copySourceKey } from '../../src/faces/s3/copy-source.ts'
import { countingNames, readMaxKeys } from '../../src/faces/s3/query.ts'
import { parseCompleteMultipartUpload } from '../../src/faces/s3/xml/complete-multipart-upload.ts'
import { parseCreateBucketConfiguration } from '../../src/faces/s3/xml/create-bucket-configuration.ts'
import { parseDelete } from '../../src/faces/s3/xml/delete.ts'
import { parseEncryptionConfiguration } from '../../src/faces/s3/xml/encryption-configuration.ts'
import { parseTagging } from '../../src/faces/s3/xml/tagging.ts'
import { checkVersioningConfiguration } from '../../src/faces/s3/xml/versioning-configuration.ts'
import { AwsChunkedSource } from '../../src/http/aws-chunked.ts'
import { readChecksum, readContentMd5 } from '../../src/http/checksums.ts'
import { parseHttpDate, readConditions, readIfRange } from '../../src/http/conditions.ts'
import { preflightHeaders } from '../../src/http/cors.ts'
import { readBoundary } from '../../src/http/form/boundary.ts'
import { FormFile } from '../../src/http/form/form-file.ts'
import { parsePartHeader } from '../../src/http/form/part-header.ts'
import { checkTail, readHead } from '../../src/http/form/parts.ts'
import { readCustomMetadata, readHttpMetadata, writeCustomMetadata } from '../../src/http/metadata.ts'
import { readOverrides } from '../../src/http/object-headers.ts'
import { readCopySourceRange, readRange } from '../../src/http/range.ts'
import { decodeWords, encodeWords } from '../../src/http/rfc2047.ts'
import { readToken } from '../../src/store/objects/list-position.ts'

// Every parser of what an authorised client sends, over long runs of everything that means something to one of them. Time must grow with the
// length and no faster: where it is more than a moment, four times the length takes four times as long, not sixteen.

/** Runs are made of these: one character, or a few that are the beginning of something. */
const PUMPS = [
  ...[
    ' ',
    '\t',
    '\n',
    '\r\n',
    'a',
    '0',
    '9',
    'é',
    '\u0001',
    '"',
    "'",
    ',',
    ';',
    ':',
    '=',
    '/',
    '-',
    '.',
    '*',
    '%',
    '&',
    '<',
    '>',
    '?',
    '+',
  ],
  ...[
    'a ',
    ', ',
    '",',
    '"a",',
    'W/"',
    'a=',
    'a=1&',
    '%2',
    '%20',
    '&#',
    '&amp;',
    '&#x41;',
    '<a>',
    '<a/>',
    '</a>',
    '<!--',
    '<![CDATA[',
    '<?a',
  ],
  ...[
    '=?',
    '=?utf-8?',
    '=?utf-8?q?',
    '=?utf-8?b?YQ==?= ',
    '=?utf-8?q?=41?=',
    '?=',
    'bytes=',
    '0-0,',
    '1;',
    '1\r\na\r\n',
    '0;a=b\r\n',
    'x:y\r\n',
  ],
  ...['[', '{', '{"a":', '"a":1,', '{"rules":[', '1,', '\\', '\\"', '"\\"', 'http://', 'a.', 'max-age=', 'no-store, '],
]

type Parser = (text: string) => unknown

const bytes = (text: string) => new TextEncoder().encode(text)
const header = (name: string, text: string) => new Headers({ [name]: text.replace(/[^\t -~]/g, '?') })

/** A document with the run in each place where a client may write. */
const XML: Record<string, readonly [(body: Uint8Array) => unknown, (run: string) => string]> = {
  'PartNumber of a completion': [
    parseCompleteMultipartUpload,
    (run) => `<CompleteMultipartUpload><Part><PartNumber>1${run}1</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>`,
  ],
  'ETag of a completion': [
    parseCompleteMultipartUpload,
    (run) => `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"${run}x</ETag></Part></CompleteMultipartUpload>`,
  ],
  'checksum of a completion': [
    parseCompleteMultipartUpload,
    (run) =>
      `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag><ChecksumCRC32>a${run}a</ChecksumCRC32></Part></CompleteMultipartUpload>`,
  ],
  'Key of a deletion': [parseDelete, (run) => `<Delete><Object><Key>${run}</Key></Object></Delete>`],
  'Quiet of a deletion': [parseDelete, (run) => `<Delete><Object><Key>k</Key></Object><Quiet>t${run}e</Quiet></Delete>`],
  'origin of a CORS rule': [
    parseCorsConfiguration,
    (run) => `<CORSConfiguration><CORSRule><AllowedOrigin>${run}</AllowedOrigin></CORSRule></CORSConfiguration>`,
  ],
  'age of a CORS rule': [
    parseCorsConfiguration,
    (run) => `<CORSConfiguration><CORSRule><MaxAgeSeconds>1${run}1</MaxAgeSeconds></CORSRule></CORSConfiguration>`,
  ],
  'Status of a lifecycle rule': [
    parseLifecycleConfiguration,
    (run) =>
      `<LifecycleConfiguration><Rule><Status>E${run}d</Status><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>`,
  ],
  'Days of a lifecycle rule': [
    parseLifecycleConfiguration,
    (run) =>
      `<LifecycleConfiguration><Rule><Status>Enabled</Status><Expiration><Days>1${run}1</Days></Expiration></Rule></LifecycleConfiguration>`,
  ],
  'Date of a lifecycle rule': [
    parseLifecycleConfiguration,
    (run) =>
      `<LifecycleConfiguration><Rule><Status>Enabled</Status><Expiration><Date>2${run}2</Date></Expiration></Rule></LifecycleConfiguration>`,
  ],
  'size in a lifecycle filter': [
    parseLifecycleConfiguration,
    (run) =>
      `<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter><ObjectSizeLessThan>5${run}5</ObjectSizeLessThan></Filter><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>`,
  ],
  'value of a tag': [
    (body) => checkObjectTags(parseTagging(body)),
    (run) => `<Tagging><TagSet><Tag><Key>a</Key><Value>${run}</Value></Tag></TagSet></Tagging>`,
  ],
  'place of a bucket': [
    parseCreateBucketConfiguration,
    (run) => `<CreateBucketConfiguration><LocationConstraint>a${run}a</LocationConstraint></CreateBucketConfiguration>`,
  ],
  'algorithm of an encryption': [
    parseEncryptionConfiguration,
    (run) =>
      `<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>A${run}6</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`,
  ],
  'status of versioning': [
    checkVersioningConfiguration,
    (run) => `<VersioningConfiguration><Status>S${run}d</Status></VersioningConfiguration>`,
  ],
  'whole document': [(body) => readXml(body, 'K'), (run) => run],
  'root element': [(body) => readXml(body, 'K'), (run) => `<K>${run}</K>`],
  'tag of the root element': [(body) => readXml(body, 'K'), (run) => `<K ${run}></K>`],
  'attribute of the root element': [(body) => readXml(body, 'K'), (run) => `<K a="${run}"/>`],
}

const rules: readonly CorsRule[] = [
  { allowedOrigins: ['https://a.example'], allowedMethods: ['GET'], allowedHeaders: ['x-*', '*-x', 'a*b'], exposeHeaders: [] },
]

const PARSERS: Record<string, Parser> = {
  ...Object.fromEntries(Object.entries(XML).map(([name, [parse, around]]) => [`XML: ${name}`, (run: string) => parse(bytes(around(run)))])),
  'metadata: RFC 2047': decodeWords,
  'metadata: RFC 2047 in a word': (run) => decodeWords(`=?utf-8?q?${run}?= =?utf-8?b?${run}`),
  'metadata: to RFC 2047': encodeWords,
  'metadata: user headers': (run) => readCustomMetadata(header('x-amz-meta-a', run)),
  'metadata: written': (run) => writeCustomMetadata({ a: run, [run]: 'a' }),
  'metadata: content type': (run) => readHttpMetadata(header('content-type', run)),
  'metadata: content encoding': (run) => readHttpMetadata(header('content-encoding', `aws-chunked,${run}`)),
  'metadata: expires': (run) => readHttpMetadata(header('expires', run)),
  'content type of the first bytes': (run) => sniffContentType(bytes(run)),
  'cache control': (run) => cacheLifetime('a.css', { cacheControl: `a${run}a` }, 0),
  'cache of a name': (run) => cacheLifetime(`.a${run}!`, {}, 0),
  range: (run) => readRange(`bytes=${run}-`),
  'range of a copy': (run) => readCopySourceRange(`bytes=0-${run}`),
  'conditions: tags': (run) => readConditions(header('if-match', `"${run}`)),
  'conditions: date': (run) => parseHttpDate(`Sun, 06 Nov 1994 ${run}`),
  'conditions: If-Range': (run) => readIfRange(`"${run}`),
  'checksum headers': (run) => readChecksum(header('x-amz-checksum-crc32', run), CHECKSUM_ALGORITHMS),
  'Content-MD5': (run) => readContentMd5(header('content-md5', run)),
  'CORS: a preflight': (run) => preflightHeaders(rules, preflight(run)),
  'CORS: an origin': (run) => matchCors(rules, { origin: `https://${run}`, method: 'GET' }),
  'CORS: rules': (run) => checkCorsRules([{ ...rules[0]!, allowedOrigins: [run, `https://${run}`], exposeHeaders: [`a${run}`] }]),
  'query: names': (run) => countingNames(new URL(`http://h/?${run.replaceAll('#', '')}`).searchParams),
  'query: max-keys': (run) => readMaxKeys(`1${run}`),
  'query: overrides': (run) => readOverrides(new URLSearchParams({ 'response-content-type': run })),
  'path: a key': (run) => checkKey(decodeKey(run)),
  'copy source: bucket': (run) => copySourceBucket(header('x-amz-copy-source', run)),
  'copy source: key': (run) => copySourceKey(header('x-amz-copy-source', `/a/${run}`)),
  'continuation token': readToken,
  'form: boundary': (run) => readBoundary(`multipart/form-data; boundary=${run}`),
  'form: parameters': (run) => readBoundary(`multipart/form-data${run}`),
  'form: header of a part': (run) => parsePartHeader(`Content-Disposition: form-data; name="${run}"`),
  'form: parameters of a part': (run) => parsePartHeader(`Content-Disposition: form-data${run}`),
  'form: lines of a part': (run) => parsePartHeader(`${run}\r\nContent-Disposition: form-data; name=a; filename*=UTF-8''${run}`),
  'form: a line that is refused at its end': (run) => parsePartHeader(`a:${run}\0`),
  'form: many parameters of a part': (run) =>
    parsePartHeader(`Content-Disposition: form-data${manyParameters(run.length / 12)}; last=${run}`),
  'form: fields': (run) => readHead(bytes(run), 'a', true),
  'form: a field': (run) => readHead(bytes(`--a\r\nContent-Disposition: form-data; name=b\r\n\r\n${run}`), 'a', false),
  'form: what follows': (run) => checkTail(bytes(`\r\n--a${run}`), 'a'),
  'form: name of the file': (run) => withFilename(collectFields([{ name: 'key', value: run }]), 'a'),
  'form: policy': (run) => parseFormPolicy(run),
  'form: policy, JSON': (run) => parseFormPolicy(btoa(String.fromCharCode(...bytes(`{"a":${run}`).slice(0, 60_000)))),
  'cursor of the REST face': (run) => readCursor(run, (value): value is string => typeof value === 'string'),
}

const manyParameters = (count: number): string => Array.from({ length: count }, (_, index) => `; a${index}="b"`).join('')

function preflight(run: string): Headers {
  const headers = header('access-control-request-headers', run)
  headers.set('origin', 'https://a.example')
  headers.set('access-control-request-method', 'GET')
  return headers
}

const SHORT = 16 * 1024
/** Below this a machine that is busy measures itself. */
const MOMENT_MS = 80
/** Four for what is linear, sixteen for what is quadratic. */
const MOST_RATIO = 9
/** So often in a row it must look quadratic. */
const TRIES = 4

const runOf = (pump: string, length: number) => pump.repeat(Math.ceil(length / pump.length))

function millisecondsOf(parse: Parser, text: string): number {
  const startedMs = performance.now()
  try {
    parse(text)
  } catch {
    // A refusal is an answer.
  }
  return performance.now() - startedMs
}

/** Compares the times of a run and of one four times as long, again where they look bad: other work on the machine is not at fault twice. */
async function expectLinear(timed: (text: string) => number | Promise<number>, pump: string): Promise<void> {
  const [short, long] = [runOf(pump, SHORT), runOf(pump, 4 * SHORT)]
  let told = ''
  for (let n = 0; n < TRIES; n++) {
    const longMs = await timed(long)
    if (longMs < MOMENT_MS) return
    const shortMs = await timed(short)
    if (longMs / Math.max(shortMs, 1) < MOST_RATIO) return
    told = `${JSON.stringify(pump)}: ${shortMs} ms and ${longMs} ms`
  }
  expect.fail(told)
}

describe('8: a parser takes time in proportion to what it reads', () => {
  test.each(Object.entries(PARSERS))(
    '%s',
    async (_, parse) => {
      for (const pump of PUMPS) await expectLinear((text) => millisecondsOf(parse, text), pump)
    },
    60_000,
  )

  test('and a token with spaces in the middle, as it was found, is refused at once', () => {
    const [parse, around] = XML['Days of a lifecycle rule']!
    for (const length of [2000, 1024 * 1024]) {
      const body = bytes(around(' '.repeat(length)))
      expect(outcomeOf(() => parse(body))).toMatchObject({ ok: false, code: 'MalformedXML' })
      expect(millisecondsOf(() => parse(body), '')).toBeLessThan(1000)
    }
  })
})

const sourceOf = (text: string): ByteSource => {
  const body = bytes(text)
  let at = 0
  return {
    read: async (size) => {
      at += size
      return body.slice(at - size, at)
    },
    cancel: async () => {},
  }
}

describe('8: so do the readers of bodies', () => {
  const framed = async (text: string) => {
    const source = new AwsChunkedSource(sourceOf(text))
    while ((await source.read(64 * 1024)).length > 0);
  }
  const json = (text: string) => readBody(PutLifecycleBody, new Request('http://h/', { method: 'PUT', body: text }))
  const file = async (text: string, boundary = 'a'.repeat(70)) => {
    const allowed = { minBytes: 0, maxBytes: 1e9 }
    const source = new FormFile(sourceOf(text), { begun: new Uint8Array(), boundary, mostBytes: 1e9, allowed, readBytes: 4096 })
    while (source.actualSize() === undefined) await source.read(64 * 1024)
  }
  const READERS: Record<string, (text: string) => Promise<unknown>> = {
    'form: file': (run) => file(run),
    'form: file that is nearly a delimiter': (run) => file(`\r\n--${'a'.repeat(69)}`.repeat(run.length / 73)),
    'form: file with short boundary': (run) => file(`${run}\r\n--a--`, 'a'),
    'aws-chunked': framed,
    'aws-chunked: extensions': (run) => framed(`1;${run}\r\na\r\n0\r\n\r\n`),
    'aws-chunked: trailers': (run) => framed(`0\r\n${run}`),
    'JSON, and a schema': json,
    'JSON: rules': (run) => json(`{"rules":[${run}]}`),
    'JSON: numbers for rules': (run) => json(`{"rules":[${'1,'.repeat(run.length / 4)}1]}`),
    'JSON: what is kept unread': (run) => json(`{"rules":[{"id":"a","enabled":true,"further":${run}}]}`),
  }

  test.each(Object.entries(READERS))(
    '%s',
    async (_, reader) => {
      const timed = async (text: string) => {
        const startedMs = performance.now()
        await outcomeOfAsync(() => reader(text))
        return performance.now() - startedMs
      }
      for (const pump of PUMPS) await expectLinear(timed, pump)
    },
    60_000,
  )
})
