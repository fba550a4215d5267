import type { Location } from '../../../core/object.ts'
import { document, escapeXml } from './writer.ts'

/** Writes `LocationConstraint`: the bucket's location hint in upper case, or `auto` if it has none. */
export const renderLocationConstraint = (location: Location | undefined): string =>
  document('LocationConstraint', escapeXml(location?.toUpperCase() ?? 'auto'))
