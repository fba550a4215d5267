import { rclone } from './harness/rclone.ts'

export const client = rclone('Cloudflare')
