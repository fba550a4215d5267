import { invalidArgument } from '../../../core/errors.ts'
import { measureObject } from '../../../core/operations.ts'
import { readConditions } from '../../../http/conditions.ts'
import type { ObjectCall } from '../call.ts'
import { renameSourceKey } from '../rename-source.ts'

/** S3: 64 printable ASCII characters at most. */
const TOKEN = /^[!-~]{1,64}$/

/** Gives an object another key. https://docs.aws.amazon.com/AmazonS3/latest/API/API_RenameObject.html */
export async function renameObject({ headers, store, at, measure }: ObjectCall): Promise<Response> {
  const source = { key: renameSourceKey(headers), conditions: readConditions(headers, 'x-amz-rename-source-') }
  const head = await store.renameObject(at, source, { conditions: readConditions(headers), token: readToken(headers) })
  measureObject(measure, head)
  return new Response(null)
}

function readToken(headers: Headers): string | undefined {
  const token = headers.get('x-amz-client-token')
  if (token === null) return undefined
  if (!TOKEN.test(token)) throw invalidArgument('x-amz-client-token has 1 to 64 printable ASCII characters.')
  return token
}
