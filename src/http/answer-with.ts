/**
 * Builds a response from the result of a read. If that fails, it cancels the result's body: no response carries that stream, so nothing
 * else would end it, and it would keep a connection to a store and a share of the isolate's memory.
 */
export function answerWith<Got extends object>(got: Got, answer: (got: Got) => Response): Response {
  try {
    return answer(got)
  } catch (error) {
    if ('body' in got && got.body instanceof ReadableStream) got.body.cancel(error).catch(() => {})
    throw error
  }
}
