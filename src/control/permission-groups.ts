import type { Policy } from '../auth/policies.ts'

/** A permission that a token can have, under Cloudflare's id. */
export interface PermissionGroup {
  readonly id: string
  readonly name: string
  readonly scope: 'com.cloudflare.api.account' | 'com.cloudflare.edge.r2.bucket'
  readonly level: Policy['level']
}

const ACCOUNT = 'com.cloudflare.api.account'
const BUCKET = 'com.cloudflare.edge.r2.bucket'

export const PERMISSION_GROUPS: readonly PermissionGroup[] = [
  { id: 'bf7481a1826f439697cb59a20b22293e', name: 'Workers R2 Storage Write', scope: ACCOUNT, level: 'admin-read-write' },
  { id: 'b4992e1108244f5d8bfbd5744320c2e1', name: 'Workers R2 Storage Read', scope: ACCOUNT, level: 'admin-read' },
  { id: '2efd5506f9c8494dacb1fa10a3e7d5b6', name: 'Workers R2 Storage Bucket Item Write', scope: BUCKET, level: 'object-read-write' },
  { id: '6a018a9f2fc74eb6b293b0c548f38b39', name: 'Workers R2 Storage Bucket Item Read', scope: BUCKET, level: 'object-read' },
  { id: '5bc3f8b21c554832afc660159ab75fa4', name: 'Account API Tokens Write', scope: ACCOUNT, level: 'tokens-read-write' },
  { id: 'eb56a6953c034b9d97dd838155666f06', name: 'Account API Tokens Read', scope: ACCOUNT, level: 'tokens-read' },
]
