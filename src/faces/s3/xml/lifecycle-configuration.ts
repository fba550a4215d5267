import { invalidArgument, StoreError } from '../../../core/errors.ts'
import { parseIsoDate } from '../../../core/iso-date.ts'
import type { LifecycleCondition, LifecycleRule } from '../../../core/lifecycle.ts'
import { LIMITS } from '../../../core/limits.ts'
import { timeElement } from './common-elements.ts'
import { malformed, readXml, type XmlElement } from './reader.ts'
import { allNamed, childrenOf, optionalChild, requiredChild, textOf, tokenOf } from './schema.ts'
import { document, element, textElement } from './writer.ts'

const DAY_SECONDS = 86_400
const RULE_ELEMENTS = ['ID', 'Status', 'Filter', 'Prefix', 'Expiration', 'Transition', 'AbortIncompleteMultipartUpload']

/**
 * Reads the body of PutBucketLifecycleConfiguration. A rule without an ID gets one, as on S3. What R2 lacks (tags, sizes, versions,
 * `And`) is an unknown element.
 * @throws StoreError `MalformedXML`; `InvalidArgument` for days and dates that are none; `InvalidStorageClass`
 */
export function parseLifecycleConfiguration(body: Uint8Array): LifecycleRule[] {
  const rules = childrenOf(readXml(body, 'LifecycleConfiguration'), ['Rule'])
  if (rules.length === 0 || rules.length > LIMITS.lifecycleRules) throw malformed()
  return rules.map(readRule)
}

function readRule(rule: XmlElement): LifecycleRule {
  const children = childrenOf(rule, RULE_ELEMENTS)
  const id = optionalChild(children, 'ID')
  const expiration = optionalChild(children, 'Expiration')
  const transitions = allNamed(children, 'Transition')
  const abort = optionalChild(children, 'AbortIncompleteMultipartUpload')
  if (!expiration && transitions.length === 0 && !abort) throw malformed()
  return {
    id: (id && textOf(id)) || crypto.randomUUID(),
    enabled: readStatus(requiredChild(children, 'Status')),
    prefix: readPrefix(children),
    ...(expiration && { expiration: readCondition(expiration, { positive: 'Expiration' }) }),
    ...(transitions.length > 0 && { transitions: transitions.map(readTransition) }),
    ...(abort && { abortAfterSeconds: readAbort(abort) }),
  }
}

function readStatus(status: XmlElement): boolean {
  const token = tokenOf(status)
  if (token !== 'Enabled' && token !== 'Disabled') throw malformed()
  return token === 'Enabled'
}

/** In `Filter`, or in the rule itself as S3 had it first. */
function readPrefix(rule: readonly XmlElement[]): string {
  const filter = optionalChild(rule, 'Filter')
  const legacy = optionalChild(rule, 'Prefix')
  if (filter && legacy) throw malformed()
  const prefix = legacy ?? (filter && optionalChild(childrenOf(filter, ['Prefix']), 'Prefix'))
  return prefix ? textOf(prefix) : ''
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
  return { dateMs }
}

function readAbort(abort: XmlElement): number {
  const days = requiredChild(childrenOf(abort, ['DaysAfterInitiation']), 'DaysAfterInitiation')
  return readDays(days, { positive: 'AbortIncompleteMultipartUpload' })
}

/** Days in seconds. Nothing is deleted at once by a zero that was not meant. */
function readDays(element: XmlElement, { positive }: { positive?: string }): number {
  const text = tokenOf(element)
  if (!/^-?\d{1,10}$/.test(text)) throw malformed()
  const days = Number(text)
  if (days < 0) throw invalidArgument(`'${element.name}' must not be negative`)
  if (days === 0 && positive) throw invalidArgument(`'${element.name}' for ${positive} action must be a positive integer`)
  return days * DAY_SECONDS
}

/** `LifecycleConfiguration` with the stored rules. */
export const renderLifecycleConfiguration = (rules: readonly LifecycleRule[]): string =>
  document('LifecycleConfiguration', ...rules.map(ruleElement))

const ruleElement = ({ id, enabled, prefix, expiration, transitions = [], abortAfterSeconds }: LifecycleRule): string =>
  element(
    'Rule',
    textElement('ID', id),
    element('Filter', textElement('Prefix', prefix)),
    textElement('Status', enabled ? 'Enabled' : 'Disabled'),
    ...transitions.map((condition) =>
      element('Transition', conditionElement(condition, { least: 0 }), textElement('StorageClass', 'STANDARD_IA')),
    ),
    expiration ? element('Expiration', conditionElement(expiration, { least: 1 })) : '',
    abortAfterSeconds === undefined
      ? ''
      : element('AbortIncompleteMultipartUpload', textElement('DaysAfterInitiation', toDays(abortAfterSeconds, { least: 1 }))),
  )

const conditionElement = (condition: LifecycleCondition, days: { least: number }): string =>
  'dateMs' in condition ? timeElement('Date', condition.dateMs) : textElement('Days', toDays(condition.ageSeconds, days))

/** REST knows seconds, S3 whole days: rounded up, so that whoever writes back what he read deletes nothing earlier. */
const toDays = (seconds: number, { least }: { least: number }): number => Math.max(Math.ceil(seconds / DAY_SECONDS), least)
