import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { signedFetch, uniqueName } from './support/clients.ts'
import { cloudflare, rest } from './support/rest.ts'
import { send } from './support/wire.ts'
import { type Ran, type RunOptions, wranglerIn } from './support/wrangler.ts'

// The real binary, with nobody at the keyboard. Each run takes a second or two.

const bucket = uniqueName('wrangler')
let place: Awaited<ReturnType<typeof wranglerIn>>

beforeAll(async () => {
  place = await wranglerIn()
  await writeFile(join(place.folder, 'hello.txt'), 'hello wrangler\n')
})
afterAll(() => place.remove())

/** Runs a command that must succeed. */
async function wrangler(command: string, options?: RunOptions): Promise<Ran> {
  const ran = await place.run(command.split(' '), options)
  if (ran.code !== 0) throw new Error(`wrangler ${command}: ${ran.code}\n${ran.out}\n${ran.err}`)
  return ran
}

/** Runs a command that must fail, and returns what it said. */
async function refused(command: string, options?: RunOptions): Promise<string> {
  const ran = await place.run(command.split(' '), options)
  expect(ran.code, ran.out).toBe(1)
  return ran.out + ran.err
}

const s3Text = async (path: string) => (await signedFetch('GET', path)).text()

describe('wrangler r2', () => {
  test('whoami', async () => {
    const { out } = await wrangler('whoami')
    expect(out).toContain('associated with the email')
    expect(out).toContain(inject('server').accountId)
  })

  test('without an account id finds the only account', async () => {
    const { out } = await wrangler('r2 bucket list', { env: { CLOUDFLARE_ACCOUNT_ID: '' } })
    expect(out).toContain('Listing buckets')
  })

  test('a wrong token is one clear line', async () => {
    const said = await refused('r2 bucket list', { token: 'wrong-token-wrong-token-wrong-token-wrong' })
    expect(said).toContain('Invalid access token [code: 9109]')
    expect(said).not.toContain('error handler')
  })

  test('a token that may not is told so, and who it is', async () => {
    const account_id = inject('server').accountId
    const resources = { [`com.cloudflare.edge.r2.bucket.${account_id}_default_photos`]: '*' }
    const policies = [{ effect: 'allow' as const, permission_groups: [{ id: '6a018a9f2fc74eb6b293b0c548f38b39' }], resources }]
    const { id, value } = await cloudflare().accounts.tokens.create({ account_id, name: 'weak', policies })
    const said = await refused('r2 bucket list', { token: value! })
    expect(said).toContain('Authentication error [code: 10000]')
    expect(said).toContain('associated with the email')
    await cloudflare().accounts.tokens.delete(id!, { account_id })
  })

  test('bucket create', async () => {
    const { out } = await wrangler(`r2 bucket create ${bucket}`)
    expect(out).toContain(`Created bucket '${bucket}' with default storage class of Standard.`)
    expect((await signedFetch('HEAD', `/${bucket}`)).status).toBe(200)
    expect(await refused(`r2 bucket create ${bucket}`)).toContain('[code: 10004]')
  })

  test('bucket create with a location, a storage class, a jurisdiction', async () => {
    const { out, err } = await wrangler(`r2 bucket create ${bucket}-loc --location weur -s InfrequentAccess`)
    expect(out).toContain('with location hint WEUR and default storage class of InfrequentAccess')
    expect(out + err).not.toContain('was not applied')
    expect((await wrangler(`r2 bucket create ${bucket} -J eu`)).out).toContain(`Created bucket '${bucket} (eu)'`)
  })

  test('bucket list', async () => {
    const all = (await wrangler('r2 bucket list')).out
    expect(all).toMatch(new RegExp(`name: +${bucket}\n`))
    expect(all).toContain(`${bucket}-loc`)
    const inEu = (await wrangler('r2 bucket list -J eu')).out
    expect(inEu).toContain(bucket)
    expect(inEu).not.toContain(`${bucket}-loc`)
  })

  test('bucket update storage-class', async () => {
    const { out } = await wrangler(`r2 bucket update storage-class ${bucket} -s InfrequentAccess`)
    expect(out).toContain(`Updated bucket ${bucket} to InfrequentAccess default storage class.`)
    await wrangler(`r2 bucket update storage-class ${bucket} -s Standard`)
    expect((await rest('GET', `/accounts/{account}/r2/buckets/${bucket}`)).result).toMatchObject({ storage_class: 'Standard' })
  })

  test('bucket info', async () => {
    const { out } = await wrangler(`r2 bucket info ${bucket} --json`)
    expect(JSON.parse(out)).toEqual({
      name: bucket,
      created: expect.any(String),
      location: 'auto',
      default_storage_class: 'Standard',
      object_count: '0',
      bucket_size: '0 B',
    })
    await signedFetch('PUT', `/${bucket}/counted`, { body: 'x'.repeat(5000), headers: { 'content-type': '' } })
    expect((await wrangler(`r2 bucket info ${bucket}`)).out).toMatch(/object_count: +1\nbucket_size: +5(\.\d+)? kB/)
    expect((await wrangler(`r2 bucket info ${bucket} -J eu`)).out).toMatch(/object_count: +0\n/)
    await signedFetch('DELETE', `/${bucket}/counted`)
  })

  test('bucket info of none', async () => {
    expect(await refused('r2 bucket info nope-nope')).toContain('The specified bucket does not exist. [code: 10006]')
  })

  test('object put keeps the headers', async () => {
    const put = [
      'r2',
      'object',
      'put',
      `${bucket}/dir/a.txt`,
      '--file',
      'hello.txt',
      '--ct',
      'text/plain',
      '--cc',
      'max-age=60',
      '-s',
      'InfrequentAccess',
      '--remote',
    ]
    const ran = await place.run([...put, '--expires', 'Wed, 21 Oct 2026 07:28:00 GMT'])
    expect(ran).toMatchObject({ code: 0, out: expect.stringContaining('Upload complete.') })
    const head = await signedFetch('HEAD', `/${bucket}/dir/a.txt`)
    expect(Object.fromEntries(head.headers)).toMatchObject({
      'content-type': 'text/plain',
      'cache-control': 'max-age=60',
      expires: 'Wed, 21 Oct 2026 07:28:00 GMT',
      'x-amz-storage-class': 'STANDARD_IA',
    })
  })

  test('object get writes exactly the bytes', async () => {
    expect((await wrangler(`r2 object get ${bucket}/dir/a.txt --remote --pipe`)).out).toBe('hello wrangler\n')
    await wrangler(`r2 object get ${bucket}/dir/a.txt --remote --file back.txt`)
    expect(await readFile(join(place.folder, 'back.txt'), 'utf8')).toBe('hello wrangler\n')
  })

  test('object put from a pipe, of nothing, and with an unusual key', async () => {
    await wrangler(`r2 object put ${bucket}/piped --pipe --remote -y`, { input: 'from a pipe' })
    expect(await s3Text(`/${bucket}/piped`)).toBe('from a pipe')
    await wrangler(`r2 object put ${bucket}/empty --file /dev/null --remote -y`)
    await wrangler(`r2 object get ${bucket}/empty --remote --file empty.txt`)
    expect(await readFile(join(place.folder, 'empty.txt'), 'utf8')).toBe('')
    const key = 'a b/ü+&=.txt'
    expect(await place.run(['r2', 'object', 'put', `${bucket}/${key}`, '--file', 'hello.txt', '--remote', '-y'])).toMatchObject({ code: 0 })
    const got = await place.run(['r2', 'object', 'get', `${bucket}/${key}`, '--remote', '--pipe'])
    expect(got.out).toBe('hello wrangler\n')
    const listed = await rest<{ key: string }[]>('GET', `/accounts/{account}/r2/buckets/${bucket}/objects?prefix=a%20`)
    expect(listed.result.map((object) => object.key)).toEqual([key])
  })

  test('object commands say what is not there', async () => {
    expect(await refused(`r2 object get ${bucket}/missing --file m.out --remote`)).toContain('The specified key does not exist.')
    expect(await refused('r2 object put nope-bucket/x --file hello.txt --remote -y')).toContain('The specified bucket does not exist.')
    expect((await wrangler(`r2 object delete ${bucket}/missing --remote`)).out).toContain('Delete complete.')
  })

  test('bulk put', async () => {
    const files = ['bulk/a', 'bulk/b'].map((key) => ({ key, file: 'hello.txt' }))
    await writeFile(join(place.folder, 'm.json'), JSON.stringify(files))
    const { out, err } = await wrangler(`r2 bulk put ${bucket} --filename m.json --remote -y`)
    expect(out + err).toContain('Uploaded 100% (2 out of 2)')
    expect(await s3Text(`/${bucket}/bulk/b`)).toBe('hello wrangler\n')
  })

  test('bucket cors set, list, delete', async () => {
    expect(await refused(`r2 bucket cors list ${bucket}`)).toContain('The CORS configuration does not exist. [code: 10059]')
    const rules = [{ allowed: { origins: ['https://a.example'], methods: ['GET'] }, maxAgeSeconds: 60 }]
    await writeFile(join(place.folder, 'cors.json'), JSON.stringify({ rules }))
    await wrangler(`r2 bucket cors set ${bucket} --file cors.json -y`)
    const { out } = await wrangler(`r2 bucket cors list ${bucket}`)
    expect(out).toMatch(/allowed_origins: +https:\/\/a\.example/)
    expect(out).toMatch(/max_age_seconds: +60/)
    expect(await s3Text(`/${bucket}?cors`)).toContain('<MaxAgeSeconds>60</MaxAgeSeconds>')
    expect((await wrangler(`r2 bucket cors delete ${bucket} -y`)).out).toContain('CORS configuration deleted')
  })

  test('bucket dev-url get, enable, disable', async () => {
    expect((await wrangler(`r2 bucket dev-url get ${bucket}`)).out).toContain('Public access via the r2.dev URL is disabled.')
    const { out } = await wrangler(`r2 bucket dev-url enable ${bucket} -y`)
    const [, url] = /Public access enabled at 'https:\/\/(\S+)'/.exec(out)!
    expect((await wrangler(`r2 bucket dev-url get ${bucket}`)).out).toContain(`Public access is enabled at 'https://${url}'.`)
    expect(await (await fetch(`http://${url}/dir/a.txt`)).text()).toBe('hello wrangler\n')
    expect((await wrangler(`r2 bucket dev-url disable ${bucket} -y`)).out).toContain('Public access disabled at')
    expect((await fetch(`http://${url}/dir/a.txt`)).status).toBe(401)
  })

  test('bucket domain list, add, get, update, remove', async () => {
    const domain = `${bucket}.example.com`
    expect((await wrangler(`r2 bucket domain list ${bucket}`)).out).toContain('There are no custom domains connected to this bucket')
    const zone = 'ab'.repeat(16)
    await wrangler(`r2 bucket domain add ${bucket} --domain ${domain} --zone-id ${zone} --min-tls 1.2 -y`)
    const { out } = await wrangler(`r2 bucket domain get ${bucket} --domain ${domain}`)
    expect(out).toMatch(/enabled: +Yes/)
    expect(out).toMatch(/ownership_status: +pending/)
    expect(out).toMatch(/min_tls_version: +1\.2/)
    expect(out).toMatch(new RegExp(`zone_id: +${zone}`))
    expect((await send('/dir/a.txt', { headers: { host: domain } })).text).toBe('hello wrangler\n')
    expect((await wrangler(`r2 bucket domain update ${bucket} --domain ${domain} --min-tls 1.3`)).out).toContain('updated successfully')
    expect((await wrangler(`r2 bucket domain list ${bucket}`)).out).toMatch(/min_tls_version: +1\.3/)
    expect(await refused(`r2 bucket domain add ${bucket} --domain ${domain} --zone-id ${zone} -y`)).toContain('in use')
    expect((await wrangler(`r2 bucket domain remove ${bucket} --domain ${domain} -y`)).out).toContain('removed successfully')
    expect(await refused(`r2 bucket domain get ${bucket} --domain ${domain}`)).toContain('[code: 10053]')
  })

  test('bucket lifecycle list, add, remove, set', async () => {
    const lifecycle = async () => (await wrangler(`r2 bucket lifecycle list ${bucket}`)).out
    expect(await lifecycle()).toMatch(
      /name: +Default Multipart Abort Rule\nenabled: +Yes\nprefix: +\(all prefixes\)\naction: +Abort incomplete multipart uploads after 7 days/,
    )
    const added = await wrangler(`r2 bucket lifecycle add ${bucket} r1 logs/ --expire-days 30`)
    expect(added.out).toContain(`Added lifecycle rule 'r1' to bucket '${bucket}'.`)
    await wrangler(`r2 bucket lifecycle add ${bucket} r2 tmp/ --ia-transition-days 30 --abort-multipart-days 3`)
    await wrangler(`r2 bucket lifecycle add ${bucket} r3 --expire-date 2099-01-31 -y`)
    const listed = await lifecycle()
    expect(listed).toContain('Default Multipart Abort Rule')
    expect(listed).toMatch(/name: +r1\nenabled: +Yes\nprefix: +logs\/\naction: +Expire objects after 30 days/)
    expect(listed).toContain('Transition to Infrequent Access after 30 days, Abort incomplete multipart uploads after 3 days')
    expect(listed).toMatch(/prefix: +\(all prefixes\)\naction: +Expire objects on 2099-01-31/)
    expect(await s3Text(`/${bucket}?lifecycle`)).toContain('<ID>r1</ID><Filter><Prefix>logs/</Prefix></Filter>')
    expect(await refused(`r2 bucket lifecycle add ${bucket} r1 other/ --expire-days 1`)).toContain('Rule ID must be unique')
    expect(await refused(`r2 bucket lifecycle remove ${bucket} --name nope`)).toContain("Lifecycle rule with ID 'nope' not found")
    await wrangler(`r2 bucket lifecycle remove ${bucket} --name r1`)
    expect(await lifecycle()).not.toMatch(/name: +r1/)
    await writeFile(join(place.folder, 'lc.json'), JSON.stringify({ rules: [] }))
    expect((await wrangler(`r2 bucket lifecycle set ${bucket} --file lc.json -y`)).out).toContain('Set lifecycle configuration')
    expect(await lifecycle()).toContain(`There are no lifecycle rules for bucket '${bucket}'.`)
  })

  test('bucket local-uploads get, enable, disable', async () => {
    const said = async (command: string) => (await wrangler(`r2 bucket local-uploads ${command} ${bucket}`)).out
    expect(await said('get')).toContain(`Local uploads are disabled for bucket '${bucket}'`)
    expect(await said('enable -y')).toContain('enabled')
    expect(await said('get')).toContain(`Local uploads are enabled for bucket '${bucket}'`)
    expect(await said('disable -y')).toContain('disabled')
    expect(await said('get')).toContain('disabled')
  })

  test('what is not there yet says so', async () => {
    expect(await refused(`r2 bucket catalog get ${bucket}`)).toContain('not implemented')
  })

  test('bucket delete, when it is empty', async () => {
    expect(await refused(`r2 bucket delete ${bucket}`)).toContain('[code: 10008]')
    for (const key of ['dir/a.txt', 'piped', 'empty', 'bulk/a', 'bulk/b']) await wrangler(`r2 object delete ${bucket}/${key} --remote`)
    expect(await place.run(['r2', 'object', 'delete', `${bucket}/a b/ü+&=.txt`, '--remote'])).toMatchObject({ code: 0 })
    expect((await wrangler(`r2 bucket delete ${bucket}`)).out).toContain(`Deleted bucket ${bucket}.`)
    expect((await wrangler(`r2 bucket delete ${bucket} -J eu`)).out).toContain('(eu)')
    await wrangler(`r2 bucket delete ${bucket}-loc`)
    expect((await signedFetch('HEAD', `/${bucket}`)).status).toBe(404)
  })
})
