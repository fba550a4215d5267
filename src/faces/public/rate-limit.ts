import { StoreError } from '../../core/errors.ts'
import { logUnexpected } from '../../http/log-unexpected.ts'

/**
 * Counts a request. The limits only guard against waste, so a limiter that fails blocks nobody.
 * @param limit absent in a deployment without one
 * @throws StoreError TooManyRequests
 */
export async function checkLimit(limit: RateLimit | undefined, key: string): Promise<void> {
  if (limit && !(await isWithin(limit, key))) throw new StoreError('TooManyRequests')
}

async function isWithin(limit: RateLimit, key: string): Promise<boolean> {
  try {
    return (await limit.limit({ key })).success
  } catch (error) {
    logUnexpected(error)
    return true
  }
}
