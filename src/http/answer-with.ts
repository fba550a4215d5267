/**
 * Makes an answer of what a read found. If that fails, its body is let go: nobody else ends a stream that no answer carries, and until then
 * it holds a connection to a store and a share of the isolate's memory.
 */
export function answerWith<Got extends object>(got: Got, answer: (got: Got) => Response): Response {
  try {
    return answer(got)
  } catch (error) {
    if ('body' in got && got.body instanceof ReadableStream) got.body.cancel(error).catch(() => {})
    throw error
  }
}
