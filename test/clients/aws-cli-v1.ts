import { awsCli } from './harness/aws-cli.ts'
import type { Client } from './harness/client.ts'
import { findByCommand, pythonPackages, pythonProgram } from './harness/install.ts'

const AWS = pythonProgram('aws', 'aws')

export const client: Client = awsCli({
  name: 'aws CLI v1',
  program: AWS,
  install: [pythonPackages('aws')],
  find: () => findByCommand([AWS, '--version'], /aws-cli\/(1\.\S+)/),
})
