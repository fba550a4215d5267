// The paths of the API's resources.

export const ACCOUNT = '/accounts/{account_id}'
export const BUCKETS = `${ACCOUNT}/r2/buckets` as const
export const BUCKET = `${BUCKETS}/{bucket_name}` as const
export const OBJECTS = `${BUCKET}/objects` as const
