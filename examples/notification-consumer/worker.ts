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

/** Logs each message, and writes each batch into a bucket, a line a message. A bucket must not tell of the log that is written to it. */
export default {
  async queue(batch, env): Promise<void> {
    const log = r2Bucket(env.CAIRN) // With R2: const log = env.LOG
    const [first] = batch.messages
    if (!first) return
    for (const { body } of batch.messages) console.log(`${body.eventTime} ${body.action} ${body.bucket}/${body.object.key}`)
    const lines = batch.messages.map(({ body }) => `${JSON.stringify(body)}\n`)
    // What fails here is delivered again, and so is the whole batch.
    await log.put(`${first.timestamp.toISOString()} ${first.id}.jsonl`, lines.join(''), {
      httpMetadata: { contentType: 'application/jsonl' },
    })
  },
} satisfies ExportedHandler<Env, EventNotification>
