import { StoreError } from '../../core/errors.ts'

/** Seconds after which a client may retry, by status. The limit on managed URLs counts per ten seconds. */
const RETRY_AFTER: Readonly<Record<number, string>> = { 429: '10', 503: '1' }

/** The texts of R2's pages. For any other status the page shows the error's own message. */
const TEXTS: Readonly<Record<number, readonly string[]>> = {
  401: ['This bucket cannot be viewed'],
  404: [
    'Object not found',
    "This object does not exist or is not publicly accessible at this URL. Check the URL of the object that you're looking for or contact the owner to enable Public access.",
    'Is this your bucket? Learn how to enable Public Access',
  ],
  429: ['Too Many Requests'],
}

/**
 * Renders a failure as a page for people. The page may load and run nothing. Caches must not store it, so that an object that is uploaded a
 * moment later is visible at once. A HEAD gets the same status and headers.
 */
export function renderError(error: unknown, method: string): Response {
  const known = error instanceof StoreError ? error : new StoreError('InternalError')
  const { status } = known
  const headers = new Headers({
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': "default-src 'none'",
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
  })
  if (status in RETRY_AFTER) headers.set('Retry-After', RETRY_AFTER[status]!)
  return new Response(method === 'HEAD' ? null : page(status, TEXTS[status] ?? [known.message]), { status, headers })
}

function page(status: number, [title = '', ...texts]: readonly string[]): string {
  const body = [`<h1>Error ${status}</h1>`, `<h2>${escapeHtml(title)}</h2>`, ...texts.map((text) => `<p>${escapeHtml(text)}</p>`)]
  return `<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>Error ${status}</title></head>\n<body>\n${body.join('\n')}\n</body>\n</html>\n`
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character]!)
