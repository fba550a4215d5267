import { unwrap } from '../../src/core/outcome.ts'
import { DEFAULT_SEGMENT_CONFIG } from '../../src/segments/store.ts'
import { sippyPurpose } from '../../src/sources/secrets.ts'
import type { SippyPorts } from '../../src/store/ports.ts'
import { portsWith, secrets, sippyPorts, TestBucket } from './bucket.ts'
import type { Script } from './fault-server.ts'
import { faultyBucket } from './faulty-source.ts'

/** The credentials that tests of Sippy give; the fault server accepts any. */
export const SOURCE_KEYS = { accessKeyId: 'AKIDFORTESTS', secretAccessKey: 'a-secret-of-the-tests' }

/** A bucket with Sippy, whose source behaves as the script says. */
export async function sippyBucket(script: Script, changes: Partial<SippyPorts> = {}) {
  const faulty = await faultyBucket(script)
  const work: Promise<unknown>[] = []
  const started: string[] = []
  const sippy = sippyPorts({
    keepAlive: (promise) => {
      work.push(promise.catch(() => {}))
    },
    startJob: async (_, id) => {
      started.push(id)
      return true
    },
    ...changes,
  })
  const ports = portsWith({ sippy }, DEFAULT_SEGMENT_CONFIG)
  const bucket = await TestBucket.create(ports)
  const sealed = await sippy.sources.seal(sippyPurpose(bucket.ref), SOURCE_KEYS)
  const source = { provider: 's3', bucketUrl: `${faulty.endpoint}/${faulty.bucket}` } as const
  unwrap(await bucket.api.putSippy({ source, sealed, accessKeyId: secrets.rootTokenId }))
  return {
    ...faulty,
    ports,
    bucket,
    /** The jobs that were asked for. */
    started,
    /** Waits for the work behind the answers. */
    settled: async () => {
      for (let done = 0; done < work.length; done++) await work[done]
    },
    /** Reads an object to its end, as a client does. */
    read: async (key: string, options: Parameters<TestBucket['store']['getObject']>[1] = {}) => {
      const got = await bucket.store.getObject(bucket.at(key), options)
      if (got.kind !== 'found') return { ...got, bytes: undefined }
      return { ...got, bytes: new Uint8Array(await new Response(got.body).arrayBuffer()) }
    },
    /** Whether the bucket itself has the object. */
    has: async (key: string) => (await bucket.api.lookup({ key, body: false })).ok,
    /** The requests that came for a key. */
    asked: async (key: string) => (await faulty.requests()).filter((request) => request.key === key).map(({ method }) => method),
  }
}

/** How an operation fails. */
export const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work
    return 'none'
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}
