import { malformed, readXml, type XmlElement } from '../../../core/xml-reader.ts'
import { allNamed, childrenOf, requiredChild, tokenOf } from './schema.ts'
import { document, element, textElement } from './writer.ts'

// Configurations that are the same for every bucket. Each `states…` function reads the body of a PUT: it returns whether the body asks for
// what is so already, and throws StoreError `MalformedXML` for a body that S3 would refuse.

const FLAGS = ['BlockPublicAcls', 'IgnorePublicAcls', 'BlockPublicPolicy', 'RestrictPublicBuckets'] as const

export const renderAccelerateConfiguration = (): string => document('AccelerateConfiguration')

/** Transfer acceleration was never switched on, which S3 also calls suspended. */
export function statesNoAcceleration(body: Uint8Array): boolean {
  return choiceOf(readXml(body, 'AccelerateConfiguration'), 'Status', ['Suspended', 'Enabled']) === 'Suspended'
}

export const renderRequestPaymentConfiguration = (): string => document('RequestPaymentConfiguration', textElement('Payer', 'BucketOwner'))

export function statesOwnerPays(body: Uint8Array): boolean {
  return choiceOf(readXml(body, 'RequestPaymentConfiguration'), 'Payer', ['BucketOwner', 'Requester']) === 'BucketOwner'
}

export const renderBucketLoggingStatus = (): string => document('BucketLoggingStatus')

export function statesNoLogging(body: Uint8Array): boolean {
  return childrenOf(readXml(body, 'BucketLoggingStatus'), ['LoggingEnabled']).length === 0
}

export const renderOwnershipControls = (): string =>
  document('OwnershipControls', element('Rule', textElement('ObjectOwnership', 'BucketOwnerEnforced')))

/** The bucket's owner owns every object, and ACLs have no effect. */
export function statesOwnerOwns(body: Uint8Array): boolean {
  const rules = allNamed(childrenOf(readXml(body, 'OwnershipControls'), ['Rule']), 'Rule')
  const known = ['BucketOwnerEnforced', 'BucketOwnerPreferred', 'ObjectWriter'] as const
  const [owner, ...more] = rules.map((rule) => choiceOf(rule, 'ObjectOwnership', known))
  if (owner === undefined || more.length > 0) throw malformed()
  return owner === 'BucketOwnerEnforced'
}

export const renderPublicAccessBlock = (): string =>
  document('PublicAccessBlockConfiguration', ...FLAGS.map((flag) => textElement(flag, true)))

/** Neither an ACL nor a policy makes anything public here. A flag that is left out is false, as on S3. */
export function statesNoPublicAccess(body: Uint8Array): boolean {
  const children = childrenOf(readXml(body, 'PublicAccessBlockConfiguration'), FLAGS)
  return FLAGS.map((flag) => allNamed(children, flag)).every(([flag, ...more]) => {
    if (more.length > 0) throw malformed()
    return flag !== undefined && readFlag(flag)
  })
}

/** Whether an access control list gives full control to the account, and nothing to anybody else. */
export function statesPrivateAcl(body: Uint8Array, accountId: string): boolean {
  const children = childrenOf(readXml(body, 'AccessControlPolicy'))
  const grants = allNamed(childrenOf(requiredChild(children, 'AccessControlList')), 'Grant')
  const owners = allNamed(children, 'Owner').map((owner) => tokenOf(requiredChild(childrenOf(owner), 'ID')))
  return grants.length > 0 && owners.every((id) => id === accountId) && grants.every((grant) => isOwners(grant, accountId))
}

function isOwners(grant: XmlElement, accountId: string): boolean {
  const children = childrenOf(grant)
  const grantee = childrenOf(requiredChild(children, 'Grantee'))
  const ids = allNamed(grantee, 'ID').map(tokenOf)
  return tokenOf(requiredChild(children, 'Permission')) === 'FULL_CONTROL' && ids.length === 1 && ids[0] === accountId
}

export const renderEmptyList = (root: string): string => document(root, textElement('IsTruncated', false))

function readFlag(flag: XmlElement): boolean {
  const token = tokenOf(flag).toLowerCase()
  if (token !== 'true' && token !== 'false') throw malformed()
  return token === 'true'
}

function choiceOf<const Known extends string>(parent: XmlElement, name: string, known: readonly Known[]): Known {
  const token = tokenOf(requiredChild(childrenOf(parent, [name]), name))
  const found = known.find((one) => one === token)
  if (found === undefined) throw malformed()
  return found
}
