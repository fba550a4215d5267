import { createHash } from 'node:crypto'
import { targetAt } from '../../../bench/columns/column.ts'
import { Signer } from '../../../bench/sign.ts'
import { Connection, type Incoming } from '../../../bench/wire.ts'

/** The other side: sees what a client did, and shares no code with any client or with the server. */
export class Reader {
  readonly #signer: Signer
  readonly #open: () => Connection

  constructor(server: { endpoint: string; accessKeyId: string; secretAccessKey: string }) {
    const target = targetAt(server.endpoint, server)
    this.#signer = new Signer(target)
    this.#open = () => new Connection(target.host, target.port)
  }

  /** One request, whatever the answer. */
  async send(method: string, at: { bucket: string; key?: string }, more: Partial<Parameters<Signer['sign']>[0]> = {}): Promise<Answer> {
    const connection = this.#open()
    try {
      const key = at.key === undefined ? undefined : encodeKey(at.key)
      return answerOf(await connection.send(this.#signer.sign({ method, bucket: at.bucket, key, ...more }), true))
    } finally {
      connection.close()
    }
  }

  /** The object's bytes; fails when it is not there. */
  async read(at: { bucket: string; key: string }, headers: Record<string, string> = {}): Promise<Buffer> {
    return (await this.#must('GET', at, { headers })).body
  }

  /** The headers of the object, or undefined when it is not there. */
  async head(at: { bucket: string; key: string }, headers: Record<string, string> = {}): Promise<Record<string, string> | undefined> {
    const answer = await this.send('HEAD', at, { headers })
    if (answer.status === 404) return undefined
    if (answer.status >= 300) throw new Error(`HEAD ${at.key}: ${answer.status}`)
    return answer.headers
  }

  async write(at: { bucket: string; key: string }, body: Uint8Array, headers: Record<string, string> = {}): Promise<void> {
    await this.#must('PUT', at, { body, headers })
  }

  /** Writes small objects, several at a time on connections of their own. */
  async writeMany(bucket: string, keys: readonly string[], bodyOf: (key: string) => Uint8Array): Promise<void> {
    const rest = keys.values()
    const work = async () => {
      const connection = this.#open()
      for (const key of rest) {
        const answer = await connection.send(this.#signer.sign({ method: 'PUT', bucket, key: encodeKey(key), body: bodyOf(key) }))
        if (answer.status !== 200) throw new Error(`PUT ${key}: ${answer.status}`)
      }
      connection.close()
    }
    await Promise.all(Array.from({ length: 16 }, work))
  }

  /** Every object of a bucket, in order: key, ETag and time. */
  async list(bucket: string): Promise<Listed[]> {
    const found: Listed[] = []
    let after = ''
    for (;;) {
      const query = { 'list-type': '2', 'start-after': after, 'encoding-type': 'url' }
      const text = (await this.#must('GET', { bucket }, { query })).body.toString()
      const page = elementsOf(text, 'Contents').map((entry) => ({
        key: decodeURIComponent(elementsOf(entry, 'Key')[0]!.replaceAll('+', ' ')),
        etag: elementsOf(entry, 'ETag')[0]!,
        modified: elementsOf(entry, 'LastModified')[0]!,
      }))
      found.push(...page)
      if (!text.includes('<IsTruncated>true</IsTruncated>')) return found
      after = page.at(-1)!.key
    }
  }

  keys = async (bucket: string): Promise<string[]> => (await this.list(bucket)).map(({ key }) => key)

  /** Keys and ids of the uploads that were begun and neither completed nor aborted. */
  async openUploads(bucket: string): Promise<{ key: string; id: string }[]> {
    const text = (await this.#must('GET', { bucket }, { query: { uploads: '', 'encoding-type': 'url' } })).body.toString()
    return elementsOf(text, 'Upload').map((upload) => ({
      key: decodeURIComponent(elementsOf(upload, 'Key')[0]!.replaceAll('+', ' ')),
      id: elementsOf(upload, 'UploadId')[0]!,
    }))
  }

  async hasBucket(bucket: string): Promise<boolean> {
    return (await this.send('HEAD', { bucket })).status === 200
  }

  async createBucket(bucket: string): Promise<void> {
    await this.#must('PUT', { bucket })
  }

  /** With whatever is in it; a bucket that is not there is no error. */
  async removeBucket(bucket: string): Promise<void> {
    if (!(await this.hasBucket(bucket))) return
    const keys = await this.keys(bucket)
    while (keys.length > 0) await this.#deleteMany(bucket, keys.splice(0, 1000))
    for (const { key, id } of await this.openUploads(bucket)) await this.#must('DELETE', { bucket, key }, { query: { uploadId: id } })
    await this.#must('DELETE', { bucket })
  }

  async #deleteMany(bucket: string, keys: readonly string[]): Promise<void> {
    const body = Buffer.from(
      `<Delete><Quiet>true</Quiet>${keys.map((key) => `<Object><Key>${escapeXml(key)}</Key></Object>`).join('')}</Delete>`,
    )
    const headers = { 'content-md5': createHash('md5').update(body).digest('base64') }
    await this.#must('POST', { bucket }, { query: { delete: '' }, body, headers })
  }

  async #must(...[method, at, more]: Parameters<Reader['send']>): Promise<Answer> {
    const answer = await this.send(method, at, more)
    if (answer.status >= 300)
      throw new Error(`${method} ${at.bucket}/${at.key ?? ''}: ${answer.status} ${answer.body.toString('utf8', 0, 300)}`)
    return answer
  }
}

export interface Answer {
  readonly status: number
  /** By lowercase name. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export interface Listed {
  readonly key: string
  readonly etag: string
  readonly modified: string
}

function answerOf({ status, head, body }: Incoming): Answer {
  const lines = head.split('\r\n').map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()])
  return { status, headers: Object.fromEntries(lines), body }
}

/** As S3 signs paths: everything but unreserved characters and the slash. */
export const encodeKey = (key: string): string =>
  encodeURIComponent(key)
    .replaceAll('%2F', '/')
    .replace(/[!'()*]/g, (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`)

const escapeXml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** What stands in the elements of a name, as it is written. Keys are asked for percent-encoded, so there is nothing to unescape. */
const elementsOf = (xml: string, name: string): string[] =>
  [...xml.matchAll(new RegExp(`<${name}>(.*?)</${name}>`, 'gs'))].map(([, inside]) => inside!)
