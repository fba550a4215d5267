import { etagElement, timeElement } from './common-elements.ts'
import { document } from './writer.ts'

export interface Copied {
  readonly etag: string
  readonly uploadedMs: number
}

/** Writes `CopyObjectResult`. R2 prints the ETag first. */
export const renderCopyObjectResult = (copied: Copied): string => document('CopyObjectResult', ...copiedFields(copied))

/** Writes `CopyPartResult`, with the same elements. */
export const renderCopyPartResult = (copied: Copied): string => document('CopyPartResult', ...copiedFields(copied))

const copiedFields = ({ etag, uploadedMs }: Copied): string[] => [etagElement(etag), timeElement('LastModified', uploadedMs)]
