import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { checkPort } from '../../src/cli/port.ts'

test('a free port is fine, and is free afterwards', async () => {
  await checkPort('127.0.0.1', 0)
  await checkPort('127.0.0.1', 0)
})

test('a port in use is named with the setting that changes it', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  try {
    await expect(checkPort('127.0.0.1', port)).rejects.toThrow(
      `Port ${port} on 127.0.0.1 is in use. Choose another with the environment variable PORT, such as ${port + 1}; PORT=0 takes free ones.`,
    )
    await expect(checkPort('127.0.0.1', port, '"dev": { "port" } of x')).rejects.toThrow('Choose another with "dev": { "port" } of x')
  } finally {
    server.close()
  }
})

test('an address that the machine does not have is named with CAIRN_HOST', async () => {
  await expect(checkPort('203.0.113.1', 0)).rejects.toThrow(
    'This machine has no address 203.0.113.1: see the environment variable CAIRN_HOST.',
  )
})
