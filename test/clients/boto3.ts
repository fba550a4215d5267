import type { Client } from './harness/client.ts'
import { pythonClient } from './harness/python.ts'

export const client: Client = {
  name: 'boto3',
  ...pythonClient({ environment: 'aws', package: 'boto3', driver: 'boto3_driver.py' }),
  cannot: { sync: 'the SDK has no such command' },
}
