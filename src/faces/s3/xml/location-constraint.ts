import type { Location } from '../../../core/object.ts'
import { document, escapeXml } from './writer.ts'

/** `LocationConstraint`: the bucket's location hint in upper case, `auto` when it has none. */
export const renderLocationConstraint = (location: Location | undefined): string =>
  document('LocationConstraint', escapeXml(location?.toUpperCase() ?? 'auto'))
