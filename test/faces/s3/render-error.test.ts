import { expect, test } from 'vitest'
import { notImplemented, StoreError } from '../../../src/core/errors.ts'
import { renderError } from '../../../src/faces/s3/render-error.ts'

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
const body = (error: unknown) => renderError(error, 'GET').text()

test('an error is one line without a namespace', async () => {
  const response = renderError(new StoreError('NoSuchKey'), 'GET')
  expect(response.status).toBe(404)
  expect(Object.fromEntries(response.headers)).toEqual({ 'content-type': 'application/xml' })
  expect(await response.text()).toBe(
    `${DECLARATION}<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>`,
  )
})

test('the message is escaped, the apostrophe too, and keeps its line feeds', async () => {
  expect(await body(notImplemented('Unrecognized encoding-type "<a&\'>"'))).toContain(
    '<Message>Unrecognized encoding-type &quot;&lt;a&amp;&apos;&gt;&quot; not implemented</Message>',
  )
  expect(await body(new StoreError('BadDigest', { message: 'a\nb' }))).toContain('<Message>a\nb</Message>')
})

test('further fields follow the message in their order, escaped', async () => {
  const error = new StoreError('SignatureDoesNotMatch', { message: 'm', fields: { StringToSign: 'a&b', AWSAccessKeyId: 'k' } })
  expect(await body(error)).toBe(
    `${DECLARATION}<Error><Code>SignatureDoesNotMatch</Code><Message>m</Message>` +
      '<StringToSign>a&amp;b</StringToSign><AWSAccessKeyId>k</AWSAccessKeyId></Error>',
  )
})

test('a detail may have a status of its own', () => {
  expect(renderError(new StoreError('InvalidArgument', { status: 403 }), 'GET').status).toBe(403)
})

test('HEAD has the status and headers but no body', async () => {
  const response = renderError(new StoreError('AccessDenied'), 'HEAD')
  expect(response.status).toBe(403)
  expect(response.headers.get('content-type')).toBe('application/xml')
  expect(response.body).toBeNull()
})

test.each(['TooManyRequests', 'ServiceUnavailable'] as const)('%s asks to come back in a second', (code) => {
  expect(renderError(new StoreError(code), 'PUT').headers.get('retry-after')).toBe('1')
})

test.each([new Error('secret'), new TypeError('secret'), 'secret', undefined, { code: 'NoSuchKey', message: 'secret' }])(
  'anything else is an internal error that tells nothing: %j',
  async (error) => {
    expect(renderError(error, 'GET').status).toBe(500)
    expect(await body(error)).toBe(
      `${DECLARATION}<Error><Code>InternalError</Code><Message>We encountered an internal error. Please try again.</Message></Error>`,
    )
  },
)

test('the id of a request comes last, where there is one', async () => {
  const error = new StoreError('SignatureDoesNotMatch', { message: 'm', fields: { StringToSign: 'a' } })
  expect(await renderError(error, 'GET', '0123456789ABCDEF').text()).toBe(
    `${DECLARATION}<Error><Code>SignatureDoesNotMatch</Code><Message>m</Message><StringToSign>a</StringToSign>` +
      '<RequestId>0123456789ABCDEF</RequestId></Error>',
  )
})
