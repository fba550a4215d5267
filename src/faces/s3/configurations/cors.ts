import type { CorsRule } from '../../../core/cors.ts'
import { malformed, readXml, type XmlElement } from '../../../core/xml-reader.ts'
import { allNamed, childrenOf, optionalChild, someTextOf, textOf, tokenOf } from '../xml/schema.ts'
import { document, element, optionalElement, textElement } from '../xml/writer.ts'
import type { Configuration } from './configuration.ts'

/** The CORS rules of a bucket. */
export const cors: Configuration<'cors'> = {
  setting: 'cors',
  subresource: 'cors',
  ops: { GET: 'GetBucketCors', PUT: 'PutBucketCors', DELETE: 'DeleteBucketCors' },
  parse: parseCorsConfiguration,
  render: renderCorsConfiguration,
}

const RULE_ELEMENTS = ['ID', 'AllowedOrigin', 'AllowedMethod', 'AllowedHeader', 'ExposeHeader', 'MaxAgeSeconds']

/**
 * Reads the body of PutBucketCors. `checkCorsRules` checks origins, methods and counts later.
 * @throws StoreError `MalformedXML`, also for unknown or empty elements and for a body without rules
 */
export function parseCorsConfiguration(body: Uint8Array): CorsRule[] {
  const rules = childrenOf(readXml(body, 'CORSConfiguration'), ['CORSRule'])
  if (rules.length === 0) throw malformed()
  return rules.map(readRule)
}

/** Writes `CORSConfiguration` with the stored rules. */
export function renderCorsConfiguration(rules: readonly CorsRule[]): string {
  return document('CORSConfiguration', ...rules.map(ruleElement))
}

function readRule(rule: XmlElement): CorsRule {
  const children = childrenOf(rule, RULE_ELEMENTS)
  const texts = (name: string) => allNamed(children, name).map(someTextOf)
  const id = optionalChild(children, 'ID')
  const maxAge = optionalChild(children, 'MaxAgeSeconds')
  return {
    ...(id && { id: textOf(id) }),
    allowedOrigins: texts('AllowedOrigin'),
    allowedMethods: texts('AllowedMethod'),
    allowedHeaders: texts('AllowedHeader'),
    exposeHeaders: texts('ExposeHeader'),
    ...(maxAge && { maxAgeSeconds: readSeconds(maxAge) }),
  }
}

function readSeconds(element: XmlElement): number {
  const text = tokenOf(element)
  if (!/^\d+$/.test(text)) throw malformed()
  return Number(text)
}

const ruleElement = (rule: CorsRule): string =>
  element(
    'CORSRule',
    optionalElement('ID', rule.id),
    ...rule.allowedOrigins.map((origin) => textElement('AllowedOrigin', origin)),
    ...rule.allowedMethods.map((method) => textElement('AllowedMethod', method)),
    ...rule.allowedHeaders.map((header) => textElement('AllowedHeader', header)),
    ...rule.exposeHeaders.map((header) => textElement('ExposeHeader', header)),
    optionalElement('MaxAgeSeconds', rule.maxAgeSeconds),
  )
