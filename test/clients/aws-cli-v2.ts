import { awsCli } from './harness/aws-cli.ts'
import type { Client } from './harness/client.ts'
import { debianPackage, findByCommand } from './harness/install.ts'

/** Where Debian puts it: PATH may have another version first. */
const AWS = '/usr/bin/aws'

/** Debian's is an early one. */
export const client: Client = awsCli({
  name: 'aws CLI v2',
  program: AWS,
  endpointFromArgument: true,
  lacks: ['rename', 'deleteIf'],
  install: [debianPackage('awscli')],
  find: () => findByCommand([AWS, '--version'], /aws-cli\/(2\.\S+)/),
  notes: { attributes: 'without renames and conditional deletes, which Debian’s version does not know yet' },
  cannot: {
    conditions: 'Debian’s version has no `--if-none-match` yet',
    checksums: 'Debian’s version sends none by itself yet',
  },
})
