/** A command of `npx cairn`. */
export interface Command {
  readonly summary: string
  /** The arguments behind the command's name, as its usage shows them. */
  readonly usage: string
  readonly help: string
  readonly load: () => Promise<{ main: (args: string[]) => Promise<void> }>
}

const SERVER = `  --port <number>        the port; 0 takes a free one (PORT; 8787)
  --host <address>       the address to listen on (CAIRN_HOST; 127.0.0.1)
  --persist-to <folder>  where data is kept (PERSIST_TO; .wrangler/state)
  --ready-file <path>    writes the endpoint into this file once the server answers, and removes the file at the end
  --var <NAME=value>     a setting, which also is read from the environment: R2_STRICT=true
  --with <config>        a wrangler.jsonc of another Worker, which runs in the same server

Secrets are made at the first start and kept in .dev.vars (DEV_VARS). Exit codes: 0 stopped by a signal, 1 it could not start.`

const ADMIN = `  --jurisdiction <name>  the jurisdiction of the bucket
  --endpoint <url>       a deployment, with its root token in CLOUDFLARE_API_TOKEN; otherwise the local server`

/** Every command, by its name. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  serve: { summary: 'serves locally, on workerd', usage: '[options]', help: SERVER, load: () => import('./serve.ts') },
  start: {
    summary: 'the same, and restarts when a Worker beside it changes',
    usage: '[options]',
    help: SERVER,
    load: () => import('./start.ts'),
  },
  credentials: {
    summary: 'prints the endpoint and keys of the local server as exports for a shell',
    usage: '[options]',
    help: '  --persist-to <folder>  the folder that the server keeps its data in\n\nUse it as eval "$(npx cairn credentials)".',
    load: () => import('./credentials.ts'),
  },
  deploy: {
    summary: 'creates what is missing in your Cloudflare account, and deploys',
    usage: '',
    help: 'Run npx wrangler login first, or set CLOUDFLARE_API_TOKEN. Secrets that exist are never replaced.',
    load: () => import('./deploy.ts'),
  },
  fsck: {
    summary: 'checks a bucket, and repairs it',
    usage: '<bucket> | --all | --gone <bucket> [options]',
    help: `  --repair               repairs the findings that can be repaired\n  --deep                 reads every byte\n${ADMIN}\n\nExit codes: 0 sound or all repaired, 1 problems are left, 2 failed.`,
    load: () => import('./fsck.ts'),
  },
  export: {
    summary: "writes a bucket's metadata as JSON lines",
    usage: '<bucket> [options] > file',
    help: ADMIN,
    load: () => import('./export.ts'),
  },
  import: {
    summary: 'brings metadata back into the empty bucket of the same name',
    usage: '<bucket> [options] < file',
    help: ADMIN,
    load: () => import('./import.ts'),
  },
  recover: {
    summary: "point-in-time recovery of a bucket's metadata",
    usage: '<bucket> --at <time> [options]',
    help: ADMIN,
    load: () => import('./recover.ts'),
  },
  rotate: {
    summary: 'puts every key under the present master key',
    usage: '[<bucket>] [options]',
    help: ADMIN,
    load: () => import('./rotate.ts'),
  },
  migrate: {
    summary: 'copies a bucket of another provider',
    usage: '--from s3://<bucket> --bucket <bucket> [options]',
    help: '', // The command prints its own.
    load: () => import('./migrate.ts'),
  },
  bench: {
    summary: 'measures this server, with others beside it',
    usage: '[options]',
    help: '', // The program prints its own.
    load: () => import('./bench.ts'),
  },
}
