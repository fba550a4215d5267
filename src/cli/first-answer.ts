/**
 * Waits for the first answer of a local server, since the first request compiles the Worker.
 * @returns the sentence of a server that refuses every request, because a setting or a secret is missing or malformed
 */
export async function refusalOf(endpoint: string): Promise<string | undefined> {
  const response = await fetch(endpoint)
  const text = await response.text()
  // Only this refusal is plain text. Errors of the faces are XML, JSON or a page.
  const isRefusal = response.status === 503 && response.headers.get('content-type')?.startsWith('text/plain')
  return isRefusal ? text.trim() : undefined
}
