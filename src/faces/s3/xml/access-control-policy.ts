import { accountElement, accountFields } from './common-elements.ts'
import { document, element, textElement } from './writer.ts'

/** Writes the `AccessControlPolicy` of a new AWS bucket, as R2 does: the account has full control. */
export const renderAccessControlPolicy = (accountId: string): string =>
  document(
    'AccessControlPolicy',
    accountElement('Owner', accountId),
    element('AccessControlList', element('Grant', granteeElement(accountId), textElement('Permission', 'FULL_CONTROL'))),
  )

const granteeElement = (accountId: string): string =>
  `<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser">${accountFields(accountId)}</Grantee>`
