import { createHash, createHmac } from 'node:crypto'
import { describe, expect, inject, test } from 'vitest'
import { elementOf, expectNoSuchKey } from './support/answers.ts'
import { uniqueName } from './support/clients.ts'
import { type Field, sendForm, signForm, writeForm } from './support/forms.ts'
import { lentBucket } from './support/objects.ts'
import { cloudflare } from './support/rest.ts'

// Who may send an upload form: whoever may put the same object.

const { accountId, accessKeyId: root, secretAccessKey: rootSecret } = inject('server')
const bucket = lentBucket()

/** Credentials as a client makes them of its own key, without asking anybody. */
function mint(claims: object = {}, secret = rootSecret) {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const seconds = Math.floor(Date.now() / 1000)
  const own = { sub: accountId, iss: root, iat: seconds, exp: seconds + 3600, bucket: bucket.name, scope: 'object-read-write', ...claims }
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(own)}`
  const jwt = `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
  return { secretAccessKey: createHash('sha256').update(jwt).digest('hex'), sessionToken: Buffer.from(`jwt/${jwt}`).toString('base64') }
}

async function post(credentials: ReturnType<typeof mint>, key = uniqueName('session')) {
  const fields: Field[] = [
    ['key', key],
    ['x-amz-security-token', credentials.sessionToken],
  ]
  const signed = signForm({ bucket: bucket.name, fields, secretAccessKey: credentials.secretAccessKey })
  const response = await sendForm(bucket.name, writeForm({ fields: signed }))
  return { key, status: response.status, code: elementOf(await response.text(), 'Code') }
}

describe('temporary credentials', () => {
  test('sign a form that carries their token', async () => {
    const { key, status } = await post(mint())
    expect(status).toBe(204)
    expect(await (await bucket.get(key)).text()).toBe('data')
  })

  test.each([
    ['may only read', { scope: 'object-read-only' }, 403, 'AccessDenied'],
    ['are for another bucket', { bucket: 'another' }, 403, 'AccessDenied'],
    ['may only list', { actions: ['ListObjectsV2'] }, 403, 'AccessDenied'],
    ['are for another path', { paths: { prefixPaths: ['mine/'] } }, 403, 'AccessDenied'],
    ['are for no path', { paths: { prefixPaths: [] } }, 403, 'AccessDenied'],
    ['have expired', { iat: 1_700_000_000, exp: 1_700_000_100 }, 400, 'InvalidArgument'],
  ])('that %s do not', async (_, claims, status, code) => {
    const posted = await post(mint(claims))
    expect(posted).toMatchObject({ status, code })
    await expectNoSuchKey(await bucket.get(posted.key))
  })

  test.each([{ actions: ['PutObject'] }, { paths: { prefixPaths: ['mine/'] } }])('that allow just this do: %j', async (claims) => {
    expect(await post(mint(claims), `mine/${uniqueName('a')}`)).toMatchObject({ status: 204 })
  })

  test('of somebody who does not know the secret do not', async () => {
    expect(await post(mint({}, 'forged'))).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' })
  })

  test('need their token in the form, and in the policy', async () => {
    const { secretAccessKey, sessionToken } = mint()
    const signed = signForm({ bucket: bucket.name, fields: [['key', 'a']], secretAccessKey })
    const without = await sendForm(bucket.name, writeForm({ fields: signed }))
    expect([without.status, elementOf(await without.text(), 'Code')]).toEqual([403, 'SignatureDoesNotMatch'])
    const uncovered = await sendForm(bucket.name, writeForm({ fields: [['x-amz-security-token', sessionToken], ...signed] }))
    expect(elementOf(await uncovered.text(), 'Message')).toBe('Invalid according to Policy: Extra input fields: x-amz-security-token')
  })
})

test('a token that is limited to other addresses signs no form', async () => {
  const client = cloudflare()
  const made = await client.accounts.tokens.create({
    account_id: accountId,
    name: 'elsewhere',
    condition: { request_ip: { in: ['203.0.113.0/24'] } },
    policies: [
      {
        effect: 'allow',
        permission_groups: [{ id: 'bf7481a1826f439697cb59a20b22293e' }],
        resources: { [`com.cloudflare.api.account.${accountId}`]: '*' },
      },
    ],
  } as never)
  const secretAccessKey = createHash('sha256').update(made.value!).digest('hex')
  const fields = signForm({ bucket: bucket.name, fields: [['key', 'elsewhere']], accessKeyId: made.id!, secretAccessKey })
  const response = await sendForm(bucket.name, writeForm({ fields }))
  expect([response.status, elementOf(await response.text(), 'Code')]).toEqual([403, 'AccessDenied'])
  await expectNoSuchKey(await bucket.get('elsewhere'))
  await client.accounts.tokens.delete(made.id!, { account_id: accountId })
})
