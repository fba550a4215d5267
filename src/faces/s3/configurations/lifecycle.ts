import type { Config } from '../../../config.ts'
import { invalidArgument, StoreError } from '../../../core/errors.ts'
import { parseIsoDate } from '../../../core/iso-date.ts'
import { type LifecycleCondition, type LifecycleRule, nextMidnight } from '../../../core/lifecycle.ts'
import { LIMITS } from '../../../core/limits.ts'
import { malformed, readXml, type XmlElement } from '../../../core/xml-reader.ts'
import { timeElement } from '../xml/common-elements.ts'
import { allNamed, childrenOf, optionalChild, requiredChild, textOf, tokenOf } from '../xml/schema.ts'
import { document, element, textElement } from '../xml/writer.ts'
import type { Configuration } from './configuration.ts'
import { FILTER_ELEMENTS, filterName, readFilter, refuseAbortion, type Selection, usualFilterName } from './lifecycle-filter.ts'

/** The lifecycle rules of a bucket. For S3, a configuration without rules does not exist. */
export const lifecycle: Configuration<'lifecycle'> = {
  setting: 'lifecycle',
  subresource: 'lifecycle',
  ops: {
    GET: 'GetBucketLifecycleConfiguration',
    PUT: 'PutBucketLifecycleConfiguration',
    DELETE: 'DeleteBucketLifecycle',
  },
  notes: {
    GET: 'the default rule where none were set; REST ages in days, rounded up',
    PUT: 'up to 1,000 rules by prefix, tags and size: expire, move to `STANDARD_IA`, abort uploads',
    DELETE: 'the default rule goes, too',
  },
  parse: parseLifecycleConfiguration,
  render: renderLifecycleConfiguration,
  empty: 'NoSuchLifecycleConfiguration',
}

const DAY_SECONDS = 86_400
const RULE_ELEMENTS = ['ID', 'Status', 'Filter', 'Prefix', 'Expiration', 'Transition', 'AbortIncompleteMultipartUpload']

/** The elements of a rule in our usual order, for rules that no S3 client wrote in another order. */
const USUAL_ELEMENTS = ['ID', 'Filter', 'Status', 'Transition', 'Expiration', 'AbortIncompleteMultipartUpload']

/**
 * Reads the body of PutBucketLifecycleConfiguration. A rule without an ID gets one, as on S3. Elements that neither R2 nor we have (versions)
 * count as unknown. A rule keeps its order of elements, because clients compare what they read with what they wrote.
 * @param allows whether the deployment has filters by tag and size, which R2 does not have
 * @throws StoreError `MalformedXML`; `InvalidArgument` for invalid days and dates; `InvalidStorageClass`
 */
export function parseLifecycleConfiguration(body: Uint8Array, allows: Config['allows'] = () => true): LifecycleRule[] {
  const rules = childrenOf(readXml(body, 'LifecycleConfiguration'), ['Rule'])
  if (rules.length === 0 || rules.length > LIMITS.lifecycleRules) throw malformed()
  return rules.map((rule) => readRule(rule, allows('tagging')))
}

function readRule(rule: XmlElement, beyondR2: boolean): LifecycleRule {
  const children = childrenOf(rule, RULE_ELEMENTS)
  const id = optionalChild(children, 'ID')
  const expiration = optionalChild(children, 'Expiration')
  const transitions = allNamed(children, 'Transition')
  const abort = optionalChild(children, 'AbortIncompleteMultipartUpload')
  if (!expiration && transitions.length === 0 && !abort) throw malformed()
  const made: LifecycleRule = {
    id: (id && textOf(id)) || crypto.randomUUID(),
    enabled: readStatus(requiredChild(children, 'Status')),
    ...readSelection(children, beyondR2),
    ...(expiration && { expiration: readCondition(expiration, { positive: 'Expiration' }) }),
    ...(transitions.length > 0 && { transitions: transitions.map(readTransition) }),
    ...(abort && { abortAfterSeconds: readAbort(abort) }),
  }
  if (made.filter && abort) refuseAbortion(made.filter)
  const elements = elementsOf(children)
  return elements === usualElements(made) ? made : { ...made, elements }
}

/** Returns the elements that an S3 client wrote into a rule, in the client's order. */
function elementsOf(children: readonly XmlElement[]): string {
  const names = children.map((child) => (child.name === 'Filter' ? filterName(child) : child.name))
  return [...new Set(names)].join(' ')
}

/** Returns the elements that we would write for a rule, in the usual order. */
function usualElements(rule: LifecycleRule): string {
  const { transitions = [], expiration, abortAfterSeconds } = rule
  const absent = [
    transitions.length === 0 && 'Transition',
    expiration === undefined && 'Expiration',
    abortAfterSeconds === undefined && 'AbortIncompleteMultipartUpload',
  ]
  return USUAL_ELEMENTS.filter((name) => !absent.includes(name))
    .map((name) => (name === 'Filter' ? usualFilterName(rule) : name))
    .join(' ')
}

function readStatus(status: XmlElement): boolean {
  const token = tokenOf(status)
  if (token !== 'Enabled' && token !== 'Disabled') throw malformed()
  return token === 'Enabled'
}

/** Reads `Filter`, or the prefix in the rule itself, as in the first version of S3's rules. */
function readSelection(rule: readonly XmlElement[], beyondR2: boolean): Selection {
  const filter = optionalChild(rule, 'Filter')
  const legacy = optionalChild(rule, 'Prefix')
  if (filter && legacy) throw malformed()
  if (filter) return readFilter(filter, beyondR2)
  return { prefix: legacy ? textOf(legacy) : '' }
}

function readTransition(transition: XmlElement): LifecycleCondition {
  const storageClass = requiredChild(childrenOf(transition), 'StorageClass')
  if (tokenOf(storageClass) !== 'STANDARD_IA') throw new StoreError('InvalidStorageClass')
  return readCondition({ ...transition, children: transition.children.filter((child) => child !== storageClass) })
}

function readCondition(action: XmlElement, options: { positive?: string } = {}): LifecycleCondition {
  const children = childrenOf(action, ['Days', 'Date'])
  const days = optionalChild(children, 'Days')
  const date = optionalChild(children, 'Date')
  if (days && !date) return { ageSeconds: readDays(days, options) }
  if (!date || days) throw malformed()
  const dateMs = parseIsoDate(tokenOf(date))
  if (dateMs === undefined) throw malformed()
  if (dateMs !== nextMidnight(dateMs)) throw invalidArgument("'Date' must be at midnight GMT")
  return { dateMs }
}

function readAbort(abort: XmlElement): number {
  const days = requiredChild(childrenOf(abort, ['DaysAfterInitiation']), 'DaysAfterInitiation')
  return readDays(days, { positive: 'AbortIncompleteMultipartUpload' })
}

/** Reads days and returns seconds. With `positive`, it refuses zero, so that a mistaken zero does not delete objects at once. */
function readDays(element: XmlElement, { positive }: { positive?: string }): number {
  const text = tokenOf(element)
  if (!/^-?\d{1,10}$/.test(text)) throw malformed()
  const days = Number(text)
  if (days < 0) throw invalidArgument(`'${element.name}' must not be negative`)
  if (days === 0 && positive) throw invalidArgument(`'${element.name}' for ${positive} action must be a positive integer`)
  return days * DAY_SECONDS
}

/** Writes `LifecycleConfiguration` with the stored rules. */
export function renderLifecycleConfiguration(rules: readonly LifecycleRule[]): string {
  return document('LifecycleConfiguration', ...rules.map(ruleElement))
}

/** Writes a rule with its elements in the client's order. If the client sent no ID, the ID that we gave the rule comes first. */
function ruleElement(rule: LifecycleRule): string {
  const names = (rule.elements ?? usualElements(rule)).split(' ')
  const printed = names.includes('ID') ? names : ['ID', ...names]
  return element('Rule', ...printed.map((name) => ELEMENTS[name]?.(rule) ?? ''))
}

/** A function for each element of a rule, which prints it. */
const ELEMENTS: Readonly<Record<string, (rule: LifecycleRule) => string>> = {
  ID: ({ id }) => textElement('ID', id),
  Prefix: ({ prefix }) => textElement('Prefix', prefix),
  ...FILTER_ELEMENTS,
  Status: ({ enabled }) => textElement('Status', enabled ? 'Enabled' : 'Disabled'),
  Transition: ({ transitions = [] }) => transitions.map(transitionElement).join(''),
  Expiration: ({ expiration }) => (expiration ? element('Expiration', conditionElement(expiration, { least: 1 })) : ''),
  AbortIncompleteMultipartUpload: ({ abortAfterSeconds: seconds }) =>
    seconds === undefined
      ? ''
      : element('AbortIncompleteMultipartUpload', textElement('DaysAfterInitiation', toDays(seconds, { least: 1 }))),
}

const transitionElement = (condition: LifecycleCondition): string =>
  element('Transition', conditionElement(condition, { least: 0 }), textElement('StorageClass', 'STANDARD_IA'))

const conditionElement = (condition: LifecycleCondition, days: { least: number }): string =>
  'dateMs' in condition ? timeElement('Date', nextMidnight(condition.dateMs)) : textElement('Days', toDays(condition.ageSeconds, days))

/**
 * Converts seconds to days. REST has seconds; S3 has whole days and midnights. It rounds up, so that a client that writes back the rule
 * that it read does not delete objects earlier.
 */
const toDays = (seconds: number, { least }: { least: number }): number => Math.max(Math.ceil(seconds / DAY_SECONDS), least)
