/**
 * How a client file is written.
 *
 * Each client is one file `test/clients/<name>.ts` that exports `client: Client`; main.ts finds it by its place. It says how the client is
 * installed (`install`: steps of install.ts, run by `.ci/run` and never by `npm run test:clients`), how it is found (`find`), and how it is driven.
 *
 * `open` returns a {@link Driver}: the client's own verbs, as far as it has them. The scenarios (harness/scenarios) are written once, in these verbs,
 * and check each result from the other side with a reader that shares no code with any client. What a client cannot do is said in `cannot`
 * with the reason, which becomes a footnote of the matrix; a scenario whose verbs are missing without a reason fails.
 * A client that does not put files at keys (a backup tool, a database) runs a scenario in its own way: see `runs`. What it is there for, and no
 * scenario covers, is its `own` scenario.
 *
 * Clients in other languages are programs that speak JSON, a line a request: see {@link openProgram} in harness/program.ts and python/driver.py.
 * Command line tools use {@link run} of the same file.
 *
 * Each client has a section in docs/reference/clients.md whose code blocks are executed as they are written, by the scenario `snippet`: see harness/snippets.ts.
 */
export interface Client {
  /** As the matrix and the heading in docs/reference/clients.md name it. */
  readonly name: string
  /** What install.ts does for it, if it does not come with `npm ci`. */
  readonly install?: readonly Step[]
  /** Its version, or why it is not here. */
  find(): Promise<Found>
  /** Starts it, or readies it, for the scenarios. */
  open?(place: Place): Promise<Driver>
  /** Scenarios run in the client's own way. */
  readonly runs?: Readonly<Partial<Record<ScenarioId, (place: Place) => Promise<void>>>>
  /** What the client is there for, when no scenario is about it. */
  readonly own?: { readonly title: string; run(place: Place, driver: Driver): Promise<void> }
  /** Why it has no such scenario. `rest` stands for all that are not named. */
  readonly cannot?: Readonly<Partial<Record<ScenarioId | 'rest', string>>>
  /** What a user should know of a scenario that passes. */
  readonly notes?: Readonly<Partial<Record<ScenarioId, string>>>
  /** Names of {@link KEYS} that the client cannot send, with the reason and its evidence. */
  readonly keysNot?: Readonly<Record<string, string>>
  /** The methods it can presign, when not both. */
  readonly presigns?: readonly ('GET' | 'PUT')[]
  /** Its `deleteBucket` deletes what is in the bucket first. */
  readonly emptiesBuckets?: true
  /** Leaves empty objects behind that stand for folders. */
  readonly marksFolders?: true
  /** Why the parts of a large file do not go out at the same time. */
  readonly serial?: string
  /** Checks what the snippet left in the bucket `photos`, when that is not `README.md`. */
  readonly snippetLeft?: (place: Place) => Promise<void>
  /** How a block of docs/reference/clients.md is run, by the language in its fence, beyond those of harness/snippets.ts. */
  readonly languages?: Readonly<Record<string, (file: string, place: Place) => Promise<void>>>
}

export type ScenarioId =
  | 'snippet'
  | 'buckets'
  | 'objects'
  | 'large'
  | 'empty'
  | 'keys'
  | 'metadata'
  | 'presigned'
  | 'forms'
  | 'ranges'
  | 'many'
  | 'conditions'
  | 'ssec'
  | 'checksums'
  | 'tags'
  | 'attributes'
  | 'configuration'
  | 'sync'
  | 'own'

export type Found = { readonly version: string } | { readonly missing: string }

/** One step of an installation. Steps of the same name are done once. Throws with the reason when it cannot be done here. */
export interface Step {
  readonly name: string
  run(): Promise<void>
}

/** Where a scenario takes place. */
export interface Place {
  /** The server, behind the wire that is listened to. */
  readonly endpoint: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly accountId: string
  readonly apiToken: string
  /** A fresh bucket; removed afterwards with what is in it. */
  readonly bucket: string
  /** A folder of the scenario's own; removed afterwards. */
  readonly folder: string
  /** What `eval "$(npm run -s credentials)"` exports, with PATH and an empty HOME. */
  readonly env: Readonly<Record<string, string>>
  /** 200 MB that every scenario `large` shares. */
  readonly large: { readonly file: string; readonly bytes: number }
  readonly reader: import('./reader.ts').Reader
  /** The requests that the client sent since the scenario began, or since `wire.forget()`. */
  readonly wire: import('./wire.ts').Wire
  /** Ends when the scenario's time is over. */
  readonly signal: AbortSignal
}

export interface ObjectAt {
  readonly bucket: string
  readonly key: string
}

export interface ObjectHeaders {
  readonly contentType?: string
  readonly cacheControl?: string
  readonly contentDisposition?: string
  readonly contentLanguage?: string
  readonly metadata?: Readonly<Record<string, string>>
}

/**
 * What a client can do. Each verb takes one object of plain values, so that it crosses a pipe as JSON; files are absolute paths.
 * A verb rejects when the server refuses, with the server's code or status in the message.
 */
export interface Driver {
  createBucket?(at: { bucket: string }): Promise<void>
  deleteBucket?(at: { bucket: string }): Promise<void>
  listBuckets?(): Promise<string[]>
  /** Uploads a file as the client does by itself: in parallel parts when it is large. `sseKey` is 32 bytes in base64. */
  put?(what: ObjectAt & { file: string; headers?: ObjectHeaders; ifNoneMatch?: string; ifMatch?: string; sseKey?: string }): Promise<void>
  /** Downloads into a file. `range` is `bytes=...`. */
  get?(what: ObjectAt & { file: string; range?: string; sseKey?: string }): Promise<void>
  head?(at: ObjectAt): Promise<ObjectHeaders & { size: number }>
  /** All keys below a prefix, over as many pages as there are. */
  list?(what: { bucket: string; prefix?: string }): Promise<string[]>
  copy?(what: ObjectAt & { to: string }): Promise<void>
  /** For clients with a command for it; what others do is copy and delete. */
  move?(what: ObjectAt & { to: string }): Promise<void>
  delete?(at: ObjectAt): Promise<void>
  /** Deletes everything in a bucket, in the way the client has for many keys. */
  deleteAll?(at: { bucket: string }): Promise<void>
  presign?(what: ObjectAt & { method: 'GET' | 'PUT' }): Promise<string>
  /** Signs an upload form for a file of at most so many bytes. The form needs its fields and the file. */
  presignPost?(what: ObjectAt & { mostBytes: number }): Promise<{ url: string; fields: Record<string, string> }>
  /** Replaces all tags of an object. */
  setTags?(what: ObjectAt & { tags: Readonly<Record<string, string>> }): Promise<void>
  getTags?(at: ObjectAt): Promise<Record<string, string>>
  /** By GetObjectAttributes. The ETag is as the client tells it; an object of parts has their sizes. */
  attributes?(at: ObjectAt): Promise<{ etag: string; size: number; partSizes?: number[] }>
  /** By RenameObject. */
  rename?(what: ObjectAt & { to: string }): Promise<void>
  /** Deletes an object if it has this ETag. */
  deleteIf?(what: ObjectAt & { ifMatch: string }): Promise<void>
  /** Calls any operation of S3's API by its name, with its own parameters, and returns its answer: for clients that have them all. */
  call?(what: { operation: string; params: object }): Promise<Record<string, unknown>>
  /** Makes the second like the first: `up` from folder to bucket, `down` back. */
  sync?(what: { folder: string; bucket: string; direction: 'up' | 'down' }): Promise<void>
  close?(): Promise<void>
}

export type Verb = Exclude<keyof Driver, 'close'>
