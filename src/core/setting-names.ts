/** Every setting of a deployment. Each is a variable of the Worker that is not secret; a local server also reads it from the environment. */
export const SETTING_NAMES = [
  'R2_STRICT',
  'S3_HOST',
  'HOSTS',
  'OWNER_EMAIL',
  'AUDIT_RETENTION_DAYS',
  'ANALYTICS_SECONDS',
  'INLINE_MAX_BYTES',
  'D1_MAX_BYTES',
  'SEGMENT_BYTES',
  'INLINE_BUDGET_BYTES',
  'D1_DATABASE_BYTES',
  'GARBAGE_GRACE_SECONDS',
  'KV_OPERATIONS',
  'CONNECTION_ADDRESS',
  'LOST_MASTER_KEYS',
  'QUEUES_ACCOUNT_ID',
  'QUEUES_API_BASE_URL',
  'SOURCES_LOCAL',
  'SOURCES_AWS_ENDPOINT',
  'SOURCES_R2_ENDPOINT',
  'SOURCES_GCS_ENDPOINT',
  'SOURCES_GCS_TOKEN_URL',
] as const

/** Every secret. A local server reads them from the secrets file, never from the environment. */
export const SECRET_VARIABLES = ['ACCOUNT_ID', 'ROOT_TOKEN_ID', 'ROOT_TOKEN', 'MASTER_KEY', 'OLD_MASTER_KEYS', 'QUEUES_API_TOKEN'] as const
