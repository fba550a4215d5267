import { r2Bucket } from 'cairn/binding'

interface Env {
  CAIRN: Fetcher
}

/** https://developers.cloudflare.com/r2/buckets/event-notifications/#message-format */
interface EventNotification {
  readonly account: string
  readonly action: 'PutObject' | 'CopyObject' | 'CompleteMultipartUpload' | 'DeleteObject' | 'LifecycleDeletion'
  readonly bucket: string
  readonly object: { readonly key: string; readonly size?: number; readonly eTag?: string }
  readonly eventTime: string
  readonly copySource?: { readonly bucket: string; readonly object: string }
}

/** Logs each message, and writes each batch to a bucket, one line per message. That bucket must not send notifications to this queue. */
export default {
  async queue(batch, env): Promise<void> {
    const log = r2Bucket(env.CAIRN) // With R2: const log = env.LOG
    const [first] = batch.messages
    if (!first) return
    for (const { body } of batch.messages) console.log(`${body.eventTime} ${body.action} ${body.bucket}/${body.object.key}`)
    const lines = batch.messages.map(({ body }) => `${JSON.stringify(body)}\n`)
    // If this fails, the whole batch is delivered again.
    await log.put(`${first.timestamp.toISOString()} ${first.id}.jsonl`, lines.join(''), {
      httpMetadata: { contentType: 'application/jsonl' },
    })
  },
} satisfies ExportedHandler<Env, EventNotification>
