import type { Actor } from '../core/audit.ts'
import { clientAddress } from './client-network.ts'

const LONGEST = 512

/** The authenticated sender of a request: an API token, or temporary credentials (`sessionId`) whose parent it is. */
interface Sender {
  readonly token: { readonly id: string; readonly name: string }
  readonly sessionId?: string
}

/** Describes the sender of a request for the audit log. */
export function actorOf(request: Request, { token, sessionId }: Sender, face: Actor['face']): Actor {
  const { headers, method, url } = request
  return {
    tokenId: token.id,
    tokenName: token.name,
    sessionId,
    ip: clientAddress(request),
    face,
    method,
    path: new URL(url).pathname.slice(0, LONGEST),
    userAgent: headers.get('user-agent')?.slice(0, LONGEST),
    rayId: headers.get('cf-ray') ?? undefined,
  }
}
