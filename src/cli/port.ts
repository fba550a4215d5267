import { once } from 'node:events'
import { createServer } from 'node:net'

/** @throws Error in words for the person who chose the port, when nothing can listen there */
export async function checkPort(host: string, port: number): Promise<void> {
  const server = createServer()
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (error) {
    throw new Error(reasonOf(error as NodeJS.ErrnoException, host, port))
  } finally {
    server.close()
  }
}

function reasonOf({ code, message }: NodeJS.ErrnoException, host: string, port: number): string {
  if (code === 'EADDRINUSE')
    return `Port ${port} on ${host} is in use. Choose another with the environment variable PORT, such as PORT=${port === 65535 ? 8788 : port + 1}; PORT=0 takes a free one.`
  if (code === 'EACCES') return `This user may not listen on port ${port}. Choose one above 1023 with the environment variable PORT.`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `This machine has no address ${host}: see the environment variable CAIRN_HOST.`
  return `Nothing can listen on port ${port} of ${host}: ${message}`
}
