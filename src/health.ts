import { VERSION } from './core/version.ts'

interface HealthPorts {
  /** Fails while the databases are not those of this deployment, or lack migrations. The result is kept, so that a check costs nothing. */
  readonly ready?: () => Promise<void>
}

/**
 * Answers `/_health`, for those who wait until Cairn serves: 200 once it takes writes, otherwise 503. It tells strangers the version, and no
 * reason: the reason is in the answer of every refused write.
 */
export async function health({ method }: Request, { ready }: HealthPorts): Promise<Response> {
  if (method !== 'GET' && method !== 'HEAD') return new Response(null, { status: 405, headers: { Allow: 'GET, HEAD' } })
  const isReady = await Promise.resolve(ready?.()).then(
    () => true,
    () => false,
  )
  const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...(isReady ? {} : { 'Retry-After': '10' }) }
  const body = method === 'HEAD' ? null : `${JSON.stringify({ ready: isReady, version: VERSION })}\n`
  return new Response(body, { status: isReady ? 200 : 503, headers })
}
