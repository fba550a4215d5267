import { invalidArgument } from './errors.ts'

/**
 * The configuration of local uploads: R2 stores bytes near their sender first and moves them to the bucket's region later. Cairn keeps and
 * shows it. Nothing else follows: its tiers are where the platform puts them.
 * https://developers.cloudflare.com/r2/buckets/local-uploads/
 */
export interface LocalUploads {
  readonly enabled: boolean
}

/** @throws StoreError InvalidArgument */
export function checkLocalUploads({ enabled }: LocalUploads): void {
  if (typeof enabled !== 'boolean') throw invalidArgument('Local uploads are enabled or not.')
}
