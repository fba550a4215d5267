import { expect } from 'vitest'

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }

/** Expects an error document to the letter, with the id that the answer has; in strict mode there is none. */
export async function expectError(response: Response, status: number, code: string, message: string): Promise<void> {
  const text = message.replace(/[&<>"']/g, (character) => ENTITIES[character]!)
  const id = response.headers.get('x-amz-request-id')
  expect({ status: response.status, type: response.headers.get('content-type'), body: await response.text() }).toEqual({
    status,
    type: 'application/xml',
    body: `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${text}</Message>${id === null ? '' : `<RequestId>${id}</RequestId>`}</Error>`,
  })
}

/** Expects an error's status and type, and no body. */
export async function expectHeadError(response: Response, status: number): Promise<void> {
  expect({ status: response.status, type: response.headers.get('content-type'), body: await response.text() }).toEqual({
    status,
    type: 'application/xml',
    body: '',
  })
}

/** The texts that many operations share. */
export const expectNoSuchKey = (response: Response) => expectError(response, 404, 'NoSuchKey', 'The specified key does not exist.')
export const expectNoSuchBucket = (response: Response) => expectError(response, 404, 'NoSuchBucket', 'The specified bucket does not exist.')
export const expectPreconditionFailed = (response: Response) =>
  expectError(response, 412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold.')
export const expectHeaderNotImplemented = (response: Response, name: string, value: string) =>
  expectError(response, 501, 'NotImplemented', `Header '${name}' with value '${value}' not implemented`)

/** The text of an element, the first of its name. */
export const elementOf = (xml: string, name: string): string | undefined => new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]

/** The headers of an answer whose names start with a prefix. */
export const headersOf = (response: Response, prefix: string): Record<string, string> =>
  Object.fromEntries([...response.headers].filter(([name]) => name.startsWith(prefix)))

/** Body and status at once; the body is bytes. */
export const bytesOf = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer())

/** Compares bodies without printing megabytes when they differ. */
export function expectSameBytes(actual: Uint8Array, expected: Uint8Array): void {
  expect(actual.length).toBe(expected.length)
  expect(Buffer.compare(actual, expected)).toBe(0)
}
