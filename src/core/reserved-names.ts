// First segments of a path that never name a bucket: no bucket can have one of these names.

/** The REST face is below `/client/v4`. */
const REST_SEGMENT = 'client'

/** The admin face. */
export const ADMIN_SEGMENT = '_cairn'

/** Public buckets without a host of their own: `/_public/<id>/<key>`. */
export const PUBLIC_SEGMENT = '_public'

/** Whether the server takes requests: `/_health`. */
export const HEALTH_SEGMENT = '_health'

export const RESERVED_SEGMENTS: readonly string[] = [REST_SEGMENT, ADMIN_SEGMENT, PUBLIC_SEGMENT, HEALTH_SEGMENT]
