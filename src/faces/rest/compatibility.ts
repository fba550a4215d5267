import type { Route } from './route.ts'
import { ROUTES } from './routes.ts'

/** Returns the table of docs/reference/rest.md in Markdown, made from the route table. A test writes it into the page. */
export function restTable(): string {
  const done = ROUTES.filter(({ run }) => run !== undefined)
  const notYet = ROUTES.filter(({ run }) => run === undefined)
  const rows = [...Map.groupBy(done, ({ path }) => path)].map(
    ([path, routes]) => `| \`${plain(path)}\` | ${routes.map(nameOf).join(', ')} |`,
  )
  const missing = [...new Set(notYet.map(({ path }) => `\`${plain(path)}\``))]
  return ['| below `/client/v4` | |', '|---|---|', ...rows, '', `Not here yet (501): ${missing.join(', ')}.`].join('\n')
}

const nameOf = ({ method, op }: Route): string => `${method} ${op}`

const plain = (path: string): string => path.replace('+}', '}').replace('{path}', '…')
