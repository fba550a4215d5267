import type { Client } from './harness/client.ts'
import { pythonClient, runPython } from './harness/python.ts'
import { expectEqual } from './harness/scenarios/scenario.ts'

/** Where nothing is configured: the value, or the code of the error. */
const CONFIGURATION = {
  get_bucket_policy: 'NoSuchBucketPolicy',
  delete_bucket_policy: 'None',
  get_bucket_notification: 'NotificationConfig(cloud_func_config_list=[], queue_config_list=[], topic_config_list=[])',
  get_bucket_versioning: 'Off',
  get_bucket_replication: 'None',
  get_bucket_tags: 'None',
  get_object_lock_config: 'ObjectLockConfigurationNotFoundError',
}

export const client: Client = {
  name: 'minio (Python)',
  ...pythonClient({ environment: 'aws', package: 'minio', driver: 'minio_driver.py' }),
  runs: {
    async configuration(place) {
      const told = await runPython<object>(place, 'aws', ['minio_configuration.py', place.bucket])
      expectEqual(told, CONFIGURATION, 'the configuration')
    },
  },
  cannot: {
    conditions: 'its put_object takes no conditions: what is no known header becomes metadata (minio/helpers.py, normalize_headers)',
    ssec: 'it sends customer keys over TLS alone (minio/sse.py, SseCustomerKey), and the local server has none',
    checksums: 'it sends none by itself',
    sync: 'the SDK has no such command',
  },
}
