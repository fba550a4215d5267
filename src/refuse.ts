import { chooseByPath, pathOfBrokenUrl } from './choose-face.ts'
import type { Config } from './config.ts'
import { isOwnHost, withoutDot } from './core/domain.ts'
import { failure as adminFailure } from './faces/admin/dispatch.ts'
import { renderError as publicFailure } from './faces/public/render-error.ts'
import { failure as restFailure } from './faces/rest/envelope.ts'
import { failure as s3Failure } from './faces/s3/failure.ts'
import { logUnexpected } from './http/log-unexpected.ts'

/**
 * Answers a request that failed before a face was chosen, because its host is invalid or could not be looked up. The path decides the
 * form of the answer. A visitor of a host that may be a custom domain gets a page.
 */
export async function refuse(request: Request, error: unknown, config: Config): Promise<Response> {
  const url = URL.parse(request.url)
  const { face } = await chooseByPath(url?.pathname ?? pathOfBrokenUrl(request.url))
  if (face === 's3' && !(url && isVisit(request, url, config))) return s3Failure(error, request.method, config)
  logUnexpected(error)
  if (face === 'rest') return restFailure(error)
  return face === 'admin' ? adminFailure(error) : publicFailure(error, request.method)
}

/** Whether a request carries credentials: an `Authorization` header, or the query of a presigned URL. Nothing is verified here. */
export const hasCredentials = ({ headers }: Request, { searchParams }: URL): boolean =>
  headers.has('authorization') || searchParams.has('X-Amz-Credential')

const isVisit = (request: Request, url: URL, config: Config): boolean =>
  !isOwnHost(withoutDot(url.hostname), config) && !hasCredentials(request, url)
