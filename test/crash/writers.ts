import { createHash } from 'node:crypto'
import { type SignedRequest, signedFetch } from '../acceptance/support/clients.ts'
import { completion } from '../acceptance/support/multipart.ts'
import type { Connection } from '../acceptance/support/server.ts'
import type { Random } from '../support/random.ts'

const KIB = 1024
const MIB = 1024 * KIB
const PART_BYTES = 5 * MIB
/** One in each tier, and one of several chunks. */
const SIZES = [0, 300, 20 * KIB, 200 * KIB, 700 * KIB, 3 * MIB]

/** What a key holds: the digest of its bytes, or nothing. */
export type Held = string | null

/** What is known of a key: what was acknowledged last, and what a call without an answer may have made of it. */
export interface Known {
  readonly held: Held
  readonly maybe?: Held
}

export const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

interface OpenUpload {
  readonly key: string
  readonly id: string
  readonly parts: { readonly number: number; readonly etag: string; readonly bytes: Uint8Array }[]
}

/** A client with keys of its own, one call at a time: what each key must hold is known but for the call in flight. */
export class Writer {
  readonly known = new Map<string, Known>()
  /** An upload whose parts were acknowledged and whose completion was not yet asked for. */
  upload: OpenUpload | undefined
  acknowledged = 0
  #server: Connection
  readonly #bucket: string
  readonly #name: string
  readonly #random: Random
  #stopped = false

  /** What it does follows from its own random numbers, as long as it is answered. */
  constructor(server: Connection, { bucket, name, random }: { bucket: string; name: string; random: Random }) {
    this.#server = server
    this.#bucket = bucket
    this.#name = name
    this.#random = random
  }

  /** After a restart. */
  reconnect(server: Connection): void {
    this.#server = server
    this.#stopped = false
  }

  /** Writes until the server is gone. */
  async work(): Promise<void> {
    while (!this.#stopped) {
      const run = this.#random.pick([this.put, this.put, this.put, this.copy, this.delete, this.deleteMany, this.multipart])
      try {
        await run.call(this)
      } catch (error) {
        if (error instanceof Refused) throw error
        this.#stopped = true // The connection was lost: nobody answers any more.
      }
    }
  }

  async put(): Promise<void> {
    const bytes = this.#random.bytes(this.#random.pick(SIZES))
    const key = this.#key()
    await this.#change([key], digestOf(bytes), () => this.send('PUT', key, { body: bytes }))
  }

  async copy(): Promise<void> {
    const [from, to] = [this.#key(), this.#key()]
    const source = this.known.get(from)
    if (!source?.held) return
    await this.#change([to], source.held, () => this.send('PUT', to, { headers: { 'x-amz-copy-source': `/${this.#bucket}/${from}` } }))
  }

  async delete(): Promise<void> {
    const key = this.#key()
    await this.#change([key], null, () => this.send('DELETE', key))
  }

  async deleteMany(): Promise<void> {
    const keys = [this.#key(), this.#key()]
    const body = `<Delete>${keys.map((key) => `<Object><Key>${key}</Key></Object>`).join('')}</Delete>`
    const md5 = createHash('md5').update(body).digest('base64')
    await this.#change(keys, null, () => this.send('POST', '', { query: { delete: '' }, body, headers: { 'content-md5': md5 } }))
  }

  async multipart(): Promise<void> {
    if (!this.upload) {
      const key = this.#key()
      const created = await (await this.send('POST', key, { query: { uploads: '' } })).text()
      this.upload = { key, id: /<UploadId>([^<]+)</.exec(created)![1]!, parts: [] }
    }
    const { key, id, parts } = this.upload
    while (parts.length < 2) {
      const number = parts.length + 1
      const bytes = this.#random.bytes(number === 1 ? PART_BYTES : this.#random.pick(SIZES) + 1)
      const stored = await this.send('PUT', key, { query: { uploadId: id, partNumber: String(number) }, body: bytes })
      this.acknowledged++
      parts.push({ number, etag: stored.headers.get('etag')!, bytes })
    }
    this.upload = undefined
    const digest = digestOf(Buffer.concat(parts.map(({ bytes }) => bytes)))
    await this.#change([key], digest, () => this.send('POST', key, { query: { uploadId: id }, body: completion(parts) }))
  }

  /** One request; anything but success is a failure of the test, unless the server is gone. */
  async send(method: string, key: string, request: SignedRequest = {}): Promise<Response> {
    const path = `/${this.#bucket}/${key}`
    const response = await signedFetch(method, path, { ...request, server: this.#server })
    if (!response.ok && !this.#stopped) throw new Refused(`${method} ${path}: ${response.status} ${await response.text()}`)
    return response
  }

  /** What a read of a key gives. */
  async read(key: string): Promise<Held> {
    const response = await signedFetch('GET', `/${this.#bucket}/${key}`, { server: this.#server })
    if (response.status === 404) return null
    if (!response.ok) throw new Refused(`GET ${key}: ${response.status} ${await response.text()}`)
    return digestOf(new Uint8Array(await response.arrayBuffer()))
  }

  /** Notes what a call may do before it is sent, and what it has done once it is answered. */
  async #change(keys: readonly string[], becomes: Held, call: () => Promise<Response>): Promise<void> {
    for (const key of keys) this.known.set(key, { held: this.known.get(key)?.held ?? null, maybe: becomes })
    await (await call()).arrayBuffer()
    for (const key of keys) this.known.set(key, { held: becomes })
    this.acknowledged++
  }

  #key(): string {
    return `${this.#name}/${this.#random.below(8)}`
  }
}

/** The server answered, and it was not success. */
export class Refused extends Error {}
