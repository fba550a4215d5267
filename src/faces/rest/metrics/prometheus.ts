import type { OperationTotal, Totals } from '../../../analytics/totals.ts'
import type { Usage } from '../../../core/bucket.ts'
import { actionStatusOf, priceClassOf } from '../../../core/operations.ts'
import type { Answer, RestCall } from '../call.ts'
import { EXPOSITION_TYPE, type Family, renderFamilies, type Sample } from './exposition.ts'
import type { PrometheusQuery } from './schemas.ts'

/** Answers a scrape of Prometheus: the counters of every bucket, or of those that the query names. */
export async function getPrometheusMetrics({ analytics, url }: RestCall<{ query: PrometheusQuery }>): Promise<Answer<never>> {
  await analytics.flush()
  const totals = await analytics.totals(url.searchParams.getAll('bucket_name'))
  return new Response(renderFamilies(familiesOf(totals)), { headers: { 'Content-Type': EXPOSITION_TYPE } })
}

/** Makes the families. Their names and labels are part of the API: dashboards refer to them. */
export function familiesOf({ operations, stored, waiting }: Totals): Family[] {
  const failed = operations.filter(({ status }) => status >= 400)
  return [
    counter('cairn_r2_operations_total', 'Operations that were answered.', operations, kindOf, ({ requests }) => requests),
    counter(
      'cairn_r2_errors_total',
      'Operations that failed: userError is 4xx, internalError is 5xx.',
      failed,
      errorOf,
      ({ requests }) => requests,
    ),
    counter(
      'cairn_r2_response_bytes_total',
      'Bytes of objects that were sent.',
      operations,
      actionOnly,
      ({ responseBytes }) => responseBytes,
    ),
    counter(
      'cairn_r2_upload_bytes_total',
      'Bytes of objects and parts that were received.',
      operations.filter(isUpload),
      actionOnly,
      ({ objectBytes }) => objectBytes,
    ),
    ...STORED.map(({ name, help, figure }) => ({
      ...{ name, help, type: 'gauge' as const },
      samples: stored.map(({ bucket, storageClass, usage }) => ({ labels: { bucket, storage_class: storageClass }, value: usage[figure] })),
    })),
    {
      ...{ name: 'cairn_r2_garbage_blobs', type: 'gauge', help: 'Blobs that wait for their deletion; 10000 stands for more.' },
      samples: waiting.map(({ bucket, garbage }) => ({ labels: { bucket }, value: garbage })),
    },
    {
      ...{ name: 'cairn_r2_event_backlog', type: 'gauge', help: 'Event notifications that wait for their queues.' },
      samples: waiting.map(({ bucket, backlog }) => ({ labels: { bucket }, value: backlog })),
    },
  ]
}

type Labels = Sample['labels']

const kindOf = ({ bucket, action, status }: OperationTotal): Labels => ({
  bucket,
  action,
  status: String(status),
  class: priceClassOf(action, status),
})
const errorOf = ({ bucket, action, status }: OperationTotal): Labels => ({ bucket, action, kind: actionStatusOf(status) })
const actionOnly = ({ bucket, action }: OperationTotal): Labels => ({ bucket, action })
const isUpload = ({ action, status }: OperationTotal): boolean => /^(?:PutObject|UploadPart)$/.test(action) && status < 400

/** Gauges of the figures that a bucket's last point has. */
const STORED: readonly { readonly name: string; readonly help: string; readonly figure: keyof Usage }[] = [
  { name: 'cairn_r2_objects', help: 'Objects that are stored.', figure: 'objects' },
  { name: 'cairn_r2_payload_bytes', help: 'Bytes of the objects that are stored.', figure: 'payloadBytes' },
  { name: 'cairn_r2_metadata_bytes', help: 'Bytes of the metadata that is stored.', figure: 'metadataBytes' },
  { name: 'cairn_r2_open_uploads', help: 'Multipart uploads that are not finished.', figure: 'uploads' },
  { name: 'cairn_r2_open_upload_bytes', help: 'Bytes of the parts of uploads that are not finished.', figure: 'uploadBytes' },
]

/** Adds up totals with the same labels: the format allows one sample for each. */
function counter(
  name: string,
  help: string,
  totals: readonly OperationTotal[],
  labelsOf: (total: OperationTotal) => Labels,
  sumOf: (total: OperationTotal) => number,
): Family {
  const groups = Map.groupBy(totals, (total) => JSON.stringify(labelsOf(total)))
  const samples = [...groups].map(([labels, members]) => ({
    labels: JSON.parse(labels) as Labels,
    value: members.reduce((sum, member) => sum + sumOf(member), 0),
  }))
  return { name, type: 'counter', help, samples }
}
