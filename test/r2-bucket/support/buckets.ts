import { env, exports } from 'cloudflare:workers'
import type { Jurisdiction } from '../../../src/core/object.ts'
import type { BindingProps } from '../../../src/faces/binding/props.ts'
import { r2Bucket } from '../../../src/r2-bucket/index.ts'
import { createStore } from '../../../src/store/store.ts'
import { portsWith } from '../../support/bucket.ts'

type Exports = { BucketBinding: (options: { props: unknown }) => Fetcher }

/** workerd's own R2, as Miniflare serves it. */
export const REAL = (env as unknown as { REAL: R2Bucket }).REAL

/** The Worker's own entrypoint, as a service binding with these props reaches it. */
export const bindTo = (props: Partial<BindingProps> | Record<string, unknown>): R2Bucket =>
  r2Bucket((exports as unknown as Exports).BucketBinding({ props }))

/** A bucket of Cairn, made for the test, and a binding to it. */
export async function createBinding(name: string, { jurisdiction = 'default' }: { jurisdiction?: Jurisdiction } = {}): Promise<R2Bucket> {
  await createStore(portsWith()).createBucket({ name, jurisdiction }, {})
  return bindTo({ bucket: name, jurisdiction, permission: 'read-write' })
}
