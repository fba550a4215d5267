import { describe, expect, test } from 'vitest'
import { parseCorsConfiguration, renderCorsConfiguration } from '../../../../src/faces/s3/configurations/cors.ts'
import { parseCreateBucketConfiguration } from '../../../../src/faces/s3/xml/create-bucket-configuration.ts'
import { parseEncryptionConfiguration, renderEncryptionConfiguration } from '../../../../src/faces/s3/xml/encryption-configuration.ts'
import { renderLocationConstraint } from '../../../../src/faces/s3/xml/location-constraint.ts'
import { checkVersioningConfiguration, renderVersioningConfiguration } from '../../../../src/faces/s3/xml/versioning-configuration.ts'

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
const XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
const bytes = (text: string) => new TextEncoder().encode(text)
const failure = (code: string, message?: string) => expect.objectContaining({ code, ...(message && { message }) })

describe('CreateBucketConfiguration', () => {
  const wrapped = (inner: string) => bytes(`<CreateBucketConfiguration ${XMLNS}>${inner}</CreateBucketConfiguration>`)

  test('no body, no element and an empty element all ask for no location', () => {
    expect(parseCreateBucketConfiguration(new Uint8Array()).location).toBeUndefined()
    expect(parseCreateBucketConfiguration(wrapped('')).location).toBeUndefined()
    expect(parseCreateBucketConfiguration(wrapped('<LocationConstraint/>')).location).toBeUndefined()
  })

  test('the location is as written', () => {
    expect(parseCreateBucketConfiguration(wrapped('<LocationConstraint>WNAM</LocationConstraint>')).location).toBe('WNAM')
  })

  test.each(['<CreateBucketConfiguration>', '<LocationConstraint>auto</LocationConstraint>', 'auto', ' '])('%j is malformed', (xml) => {
    expect(() => parseCreateBucketConfiguration(bytes(xml))).toThrow(failure('MalformedXML'))
  })
})

test('LocationConstraint is the hint in upper case, or auto', () => {
  expect(renderLocationConstraint('enam')).toBe(`${DECLARATION}<LocationConstraint ${XMLNS}>ENAM</LocationConstraint>`)
  expect(renderLocationConstraint(undefined)).toBe(`${DECLARATION}<LocationConstraint ${XMLNS}>auto</LocationConstraint>`)
})

describe('CORSConfiguration', () => {
  const parse = (...rules: string[]) => parseCorsConfiguration(bytes(`<CORSConfiguration>${rules.join('')}</CORSConfiguration>`))
  const full = {
    id: 'r1',
    allowedOrigins: ['https://a.example', 'https://*.b.example'],
    allowedMethods: ['GET', 'PUT'],
    allowedHeaders: ['*'],
    exposeHeaders: ['ETag'],
    maxAgeSeconds: 3600,
  }
  const bare = { allowedOrigins: ['*'], allowedMethods: ['HEAD'], allowedHeaders: [], exposeHeaders: [] }

  test('is printed in the order of the reference', () => {
    expect(renderCorsConfiguration([full])).toBe(
      `${DECLARATION}<CORSConfiguration ${XMLNS}><CORSRule><ID>r1</ID>` +
        '<AllowedOrigin>https://a.example</AllowedOrigin><AllowedOrigin>https://*.b.example</AllowedOrigin>' +
        '<AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod><AllowedHeader>*</AllowedHeader>' +
        '<ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>3600</MaxAgeSeconds></CORSRule></CORSConfiguration>',
    )
  })

  test('what is printed reads back', () => {
    expect(parseCorsConfiguration(bytes(renderCorsConfiguration([full, bare])))).toEqual([full, bare])
  })

  test('children may come in any order', () => {
    const rule =
      '<CORSRule><MaxAgeSeconds> 5 </MaxAgeSeconds><AllowedMethod>HEAD</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule>'
    expect(parse(rule)).toEqual([{ ...bare, maxAgeSeconds: 5 }])
  })

  test.each([
    ['no rule', ''],
    ['an unknown element beside the rules', '<Rule/>'],
    ['an unknown element in a rule', '<CORSRule><AllowedOrigins>*</AllowedOrigins></CORSRule>'],
    ['an empty AllowedHeader', '<CORSRule><AllowedHeader/></CORSRule>'],
    ['an empty AllowedOrigin', '<CORSRule><AllowedOrigin></AllowedOrigin></CORSRule>'],
    ['an age that is not a number', '<CORSRule><MaxAgeSeconds>1d</MaxAgeSeconds></CORSRule>'],
    ['a negative age', '<CORSRule><MaxAgeSeconds>-1</MaxAgeSeconds></CORSRule>'],
    ['two ages', '<CORSRule><MaxAgeSeconds>1</MaxAgeSeconds><MaxAgeSeconds>1</MaxAgeSeconds></CORSRule>'],
    ['an element inside a value', '<CORSRule><AllowedOrigin><b>*</b></AllowedOrigin></CORSRule>'],
  ])('%s is malformed', (_, rule) => expect(() => parse(rule)).toThrow(failure('MalformedXML')))
})

describe('ServerSideEncryptionConfiguration', () => {
  const parse = (inner: string) =>
    parseEncryptionConfiguration(bytes(`<ServerSideEncryptionConfiguration>${inner}</ServerSideEncryptionConfiguration>`))
  const rule = (algorithm: string) =>
    `<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>${algorithm}</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule>`

  test('is the same for every bucket, and reads back', () => {
    const xml =
      `${DECLARATION}<ServerSideEncryptionConfiguration ${XMLNS}><Rule><ApplyServerSideEncryptionByDefault>` +
      '<SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled></Rule>' +
      '</ServerSideEncryptionConfiguration>'
    expect(renderEncryptionConfiguration()).toBe(xml)
    expect(parseEncryptionConfiguration(bytes(xml))).toBe('AES256')
  })

  test('another algorithm is not implemented, once the document is known to be sound', () => {
    expect(() => parse(rule('aws:kms'))).toThrow(failure('NotImplemented', "SSEAlgorithm with value 'aws:kms' not implemented"))
    expect(() => parse(`${rule('aws:kms')}<Rule/>`)).toThrow(failure('MalformedXML'))
  })

  test.each(['', '<Rule/>', rule(''), 'AES256'])('%j inside is malformed', (inner) => {
    expect(() => parse(inner)).toThrow(failure('MalformedXML'))
  })
})

describe('VersioningConfiguration', () => {
  test('is empty', () => {
    expect(renderVersioningConfiguration()).toBe(`${DECLARATION}<VersioningConfiguration ${XMLNS}></VersioningConfiguration>`)
  })

  test('is checked before it is refused', () => {
    expect(() => checkVersioningConfiguration(bytes('<VersioningConfiguration><Status>Enabled</Status>'))).toThrow(failure('MalformedXML'))
    expect(() =>
      checkVersioningConfiguration(bytes('<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>')),
    ).not.toThrow()
  })
})
