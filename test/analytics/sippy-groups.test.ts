import { expect, test } from 'vitest'
import { BANDWIDTH, OPERATIONS, SIPPY, SIPPY_ACTIONS } from '../../src/analytics/datasets.ts'
import { operationGroups } from '../../src/analytics/operation-groups.ts'
import { addStatements } from '../../src/analytics/operation-tables.ts'
import { env } from '../support/bucket.ts'
import { textObject } from '../support/faulty-source.ts'
import { sippyBucket } from '../support/sippy.ts'

const sum = (action: string, requests: number, objectBytes: number) => ({
  ...{ minute: 29_000_000, bucket: 'with-sippy', action, status: 200, isInfrequent: false },
  ...{ requests, responseBytes: 0, objectBytes },
})
const query = { dimensions: ['bucketName'], filter: { all: [] }, orderBy: [], limit: 10 }

test('the figures of Sippy have a dataset of their own, and are in no other', async () => {
  const sums = [sum(SIPPY_ACTIONS.served, 5, 0), sum(SIPPY_ACTIONS.copied, 2, 700), sum('GetObject', 9, 0)]
  await env.CONTROL.batch(addStatements(env.CONTROL, sums, ''))
  expect(await operationGroups(env.CONTROL, SIPPY, query)).toMatchObject([
    { dimensions: { bucketName: 'with-sippy' }, sum: { requests: 5, migratedObjects: 2, migratedBytes: 700 } },
  ])
  expect(await operationGroups(env.CONTROL, OPERATIONS, query)).toMatchObject([{ sum: { requests: 9 } }])
  expect(await operationGroups(env.CONTROL, BANDWIDTH, query)).toMatchObject([{ sum: { bytesUpload: 0 } }])
  const totals = await env.CONTROL.prepare("SELECT action FROM operation_totals WHERE bucket = 'with-sippy'").all()
  expect(totals.results).toEqual([{ action: 'GetObject' }])
})

test('a read that the source answers counts, and so does its copy', async () => {
  const noted: unknown[] = []
  const sippy = await sippyBucket({ objects: { k: textObject('hello') } }, { note: (_, what, bytes) => noted.push([what, bytes]) })
  await sippy.bucket.store.headObject(sippy.bucket.at('k'), {})
  await sippy.read('k')
  await sippy.settled()
  await sippy.read('k')
  await sippy.read('absent').catch(() => {})
  expect(noted).toEqual([
    ['served', 0],
    ['served', 0],
    ['copied', 5],
  ])
})
