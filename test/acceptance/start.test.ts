import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { s3Client } from './support/clients.ts'
import { credentialLines, type Server, startServer, temporaryFolder } from './support/server.ts'

describe('npm start', () => {
  let folder: string
  let server: Server

  beforeAll(async () => {
    folder = await temporaryFolder()
    server = await startServer({ folder })
  })
  afterAll(async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  })

  test('prints the endpoint, the region, the access key id and examples to copy', () => {
    const output = server.output()
    expect(output).toContain(`Cairn is ready on ${server.endpoint}`)
    expect(output).toMatch(/Region\s+auto/)
    expect(output).toContain(server.accessKeyId)
    expect(output).toContain('aws s3 cp')
    expect(output).toContain('@aws-sdk/client-s3')
  })

  test('never prints a secret', () => {
    expect(server.output()).not.toContain(server.secretAccessKey)
    expect(server.output()).not.toContain(server.apiToken)
  })

  test('keeps the generated secrets readable by their owner only', async () => {
    expect((await stat(join(folder, 'dev.vars'))).mode & 0o777).toBe(0o600)
  })

  test('npm run -s credentials prints nothing but export lines for the running server', async () => {
    const lines = (await credentialLines(folder)).trim().split('\n')
    expect(lines.map((line) => /^export (\w+)=\S+$/.exec(line)?.[1])).toEqual([
      'AWS_ACCESS_KEY_ID',
      'AWS_SECRET_ACCESS_KEY',
      'AWS_ENDPOINT_URL',
      'AWS_REGION',
      'AWS_DEFAULT_REGION',
      'CLOUDFLARE_ACCOUNT_ID',
      'CLOUDFLARE_API_TOKEN',
      'CLOUDFLARE_API_BASE_URL',
    ])
    expect(lines).toContain(`export AWS_ENDPOINT_URL=${server.endpoint}`)
    expect(lines).toContain(`export CLOUDFLARE_API_BASE_URL=${server.endpoint}/client/v4`)
  })

  test('data and credentials outlive a restart on the same folder', async () => {
    const before = server
    await s3Client({ server }).send(new CreateBucketCommand({ Bucket: 'kept' }))
    await s3Client({ server }).send(new PutObjectCommand({ Bucket: 'kept', Key: 'letter', Body: 'still here' }))
    await server.stop()
    server = await startServer({ folder })
    expect(server.secretAccessKey).toBe(before.secretAccessKey)
    const { Body } = await s3Client({ server }).send(new GetObjectCommand({ Bucket: 'kept', Key: 'letter' }))
    expect(await Body!.transformToString()).toBe('still here')
  })
})
