import { etagElement } from './common-elements.ts'
import { bareDocument, textElement } from './writer.ts'

export interface PostedObject {
  /** The URL of the object. */
  readonly location: string
  readonly bucket: string
  readonly key: string
  readonly etag: string
}

/** Writes `PostResponse`, the answer to an upload form that asks for the status 201. It has no namespace on S3. */
export const renderPostResponse = ({ location, bucket, key, etag }: PostedObject): string =>
  bareDocument('PostResponse', textElement('Location', location), textElement('Bucket', bucket), textElement('Key', key), etagElement(etag))
