import { expect, test } from 'vitest'
import { unwrap } from '../../../src/core/outcome.ts'
import { sippyPurpose } from '../../../src/sources/secrets.ts'
import { secrets, sippyPorts } from '../../support/bucket.ts'
import { faultyBucket, textObject } from '../../support/faulty-source.ts'
import { fetchPublic, PublicBucket } from '../../support/public-bucket.ts'
import { SOURCE_KEYS } from '../../support/sippy.ts'

test('a request of a deployment that copies gets only what the bucket has, so that a bucket never asks its own public URL in circles', async () => {
  const site = await PublicBucket.create()
  const { bucket } = site
  const faulty = await faultyBucket({ objects: { a: textObject('from the source'), b: textObject('from the source') } })
  const source = { provider: 's3', bucketUrl: `${faulty.endpoint}/${faulty.bucket}` } as const
  const sealed = await sippyPorts().sources.seal(sippyPurpose(bucket.ref), SOURCE_KEYS)
  unwrap(await bucket.api.putSippy({ source, sealed, accessKeyId: secrets.rootTokenId }))
  for (const url of site.urls) {
    for (const method of ['GET', 'HEAD']) {
      const answer = await fetchPublic(`${url}/a`, { method, headers: { 'cairn-migration': '1', range: 'bytes=0-1' } })
      expect(answer.status, `${method} ${url}`).toBe(404)
    }
  }
  expect(await faulty.requests()).toEqual([])
  expect(await (await fetchPublic(`${site.path}/b`)).text()).toBe('from the source')
})
