import { invalidArgument } from '../../../core/errors.ts'
import { malformed, readXml, type XmlElement } from '../../../core/xml-reader.ts'
import { allNamed, childrenOf, optionalChild, requiredChild, someTextOf, textOf, tokenOf } from './schema.ts'
import { document, element, optionalElement, textElement } from './writer.ts'

/** A rule as S3 writes it. */
export interface QueueConfiguration {
  readonly id?: string
  readonly queueArn: string
  readonly events: readonly string[]
  readonly prefix?: string
  readonly suffix?: string
}

/** Destinations that S3 has beside queues. */
const OTHERS = ['TopicConfiguration', 'CloudFunctionConfiguration', 'EventBridgeConfiguration']
const ID_LENGTH = 255

/**
 * Reads the body of PutBucketNotificationConfiguration.
 * @throws StoreError `MalformedXML`; `InvalidArgument` for another destination than a queue, for filters and ids that S3 refuses
 */
export function parseNotificationConfiguration(body: Uint8Array): QueueConfiguration[] {
  const children = childrenOf(readXml(body, 'NotificationConfiguration'), ['QueueConfiguration', ...OTHERS])
  const other = children.find(({ name }) => OTHERS.includes(name))
  if (other)
    throw invalidArgument(`Unable to validate the following destination configurations: ${other.name}. Only queues can be notified.`)
  const configurations = children.map(readConfiguration)
  const ids = configurations.flatMap(({ id }) => id ?? [])
  if (new Set(ids).size < ids.length) throw invalidArgument('Same ID used for multiple configurations. IDs must be unique')
  return configurations
}

function readConfiguration(configuration: XmlElement): QueueConfiguration {
  const children = childrenOf(configuration, ['Id', 'Queue', 'Event', 'Filter'])
  const id = optionalChild(children, 'Id')
  const events = allNamed(children, 'Event').map(tokenOf)
  if (events.length === 0) throw malformed()
  return {
    id: id && readId(textOf(id)),
    queueArn: tokenOf(requiredChild(children, 'Queue')),
    events,
    ...readFilter(optionalChild(children, 'Filter')),
  }
}

/** An empty id counts as absent. */
function readId(id: string): string | undefined {
  if (id.length > ID_LENGTH) throw invalidArgument(`The ID of a configuration has ${ID_LENGTH} characters at most.`)
  return id || undefined
}

function readFilter(filter: XmlElement | undefined): Pick<QueueConfiguration, 'prefix' | 'suffix'> {
  const key = filter && optionalChild(childrenOf(filter, ['S3Key']), 'S3Key')
  const rules = key ? allNamed(childrenOf(key, ['FilterRule']), 'FilterRule').map(readFilterRule) : []
  const [prefix, suffix] = (['prefix', 'suffix'] as const).map((wanted) => {
    const [rule, ...more] = rules.filter(({ name }) => name === wanted)
    if (more.length > 0) throw invalidArgument(`Cannot specify more than one ${wanted} rule in a filter.`)
    return rule?.value
  })
  return { prefix, suffix }
}

function readFilterRule(rule: XmlElement): { name: 'prefix' | 'suffix'; value: string } {
  const children = childrenOf(rule, ['Name', 'Value'])
  const name = someTextOf(requiredChild(children, 'Name')).toLowerCase()
  if (name !== 'prefix' && name !== 'suffix') throw invalidArgument('filter rule name must be either prefix or suffix')
  return { name, value: textOf(requiredChild(children, 'Value')) }
}

/** Writes `NotificationConfiguration`; without rules it is empty. */
export const renderNotificationConfiguration = (configurations: readonly QueueConfiguration[]): string =>
  document('NotificationConfiguration', ...configurations.map(configurationElement))

function configurationElement({ id, queueArn, events, prefix, suffix }: QueueConfiguration): string {
  const rules = [filterRule('prefix', prefix), filterRule('suffix', suffix)].join('')
  return element(
    'QueueConfiguration',
    optionalElement('Id', id),
    textElement('Queue', queueArn),
    ...events.map((event) => textElement('Event', event)),
    rules === '' ? '' : element('Filter', element('S3Key', rules)),
  )
}

const filterRule = (name: string, value: string | undefined): string =>
  value ? element('FilterRule', textElement('Name', name), textElement('Value', value)) : ''
