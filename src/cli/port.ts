import { once } from 'node:events'
import { createServer } from 'node:net'

/** How a server of the command line is told another host, and to take free ports. */
const IN_ENVIRONMENT = { host: 'the environment variable CAIRN_HOST', free: 'PORT=0 takes free ones' }

/**
 * Checks that a server can listen on the port. `setting` names the place where the port was chosen.
 * @throws Error with a message for the person who chose the port
 */
export async function checkPort(
  host: string,
  port: number,
  setting = 'the environment variable PORT',
  others = IN_ENVIRONMENT,
): Promise<void> {
  const server = createServer()
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (error) {
    throw new Error(reasonOf(error as NodeJS.ErrnoException, { host, port, setting, others }))
  } finally {
    server.close()
  }
}

type Chosen = { host: string; port: number; setting: string; others: typeof IN_ENVIRONMENT }

function reasonOf({ code, message }: NodeJS.ErrnoException, { host, port, setting, others }: Chosen): string {
  if (code === 'EADDRINUSE')
    return `Port ${port} on ${host} is in use. Choose another with ${setting}, such as ${port === 65535 ? 8788 : port + 1}; ${others.free}.`
  if (code === 'EACCES') return `This user may not listen on port ${port}. Choose one above 1023 with ${setting}.`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `This machine has no address ${host}: see ${others.host}.`
  return `Nothing can listen on port ${port} of ${host}: ${message}`
}
