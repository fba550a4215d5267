/** Returns a 200 response with an XML document as its body. */
export function xmlResponse(document: string, headers?: HeadersInit): Response {
  const response = new Response(document, { headers })
  response.headers.set('Content-Type', 'application/xml')
  return response
}
