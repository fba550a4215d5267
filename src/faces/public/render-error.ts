import { StoreError } from '../../core/errors.ts'

/** Statuses that ask the client to come back, and after how many seconds. The limit on managed URLs counts by ten of them. */
const RETRY_AFTER: Readonly<Record<number, string>> = { 429: '10', 503: '1' }

/** What R2's pages say; any other failure is told in its own words. */
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
 * Any failure as a public bucket shows it: a page for people. It may load nothing and run nothing, and no cache keeps it: an object that is
 * stored in the next moment is seen. A HEAD has the same status and headers.
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
