import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import type { Place } from './client.ts'
import { execute } from './program.ts'

/** Debian's. The flags keep it from asking the network for anything but us. */
const PROGRAM = 'chromium'
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A page somewhere, in which code runs. */
export interface Site {
  /** What the browser sends as `Origin`. */
  readonly origin: string
  readonly page: Page
}

export interface Chromium {
  /** Opens a page on an origin of its own. */
  site(html?: string, files?: Readonly<Record<string, string>>): Promise<Site>
  close(): Promise<void>
}

/** Starts a browser with a fresh profile. */
export async function openChromium(place: Place): Promise<Chromium> {
  const { chromium } = await import('playwright-core')
  const executablePath = (await execute(['which', PROGRAM])).out.trim()
  const context: BrowserContext = await chromium.launchPersistentContext(join(place.folder, 'profile'), {
    executablePath,
    headless: true,
    args: FLAGS,
  })
  const servers: Server[] = []
  return {
    async site(html = '<!DOCTYPE html><title>A page</title>', files = {}) {
      const server = await serve({ '/': html, ...files })
      servers.push(server)
      const origin = `http://localhost:${(server.address() as { port: number }).port}`
      const page = await context.newPage()
      await page.goto(origin)
      return { origin, page }
    },
    async close() {
      await context.close()
      for (const server of servers) {
        server.close()
        server.closeAllConnections()
      }
    },
  }
}

function serve(files: Readonly<Record<string, string>>): Promise<Server> {
  const server = createServer(({ url = '' }, response) => {
    const [path = ''] = url.split('?')
    const text = files[path]
    response.writeHead(text === undefined ? 404 : 200, { 'content-type': path === '/' ? 'text/html' : 'text/plain' })
    response.end(text)
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}
