export interface ListQuery {
  readonly prefix: string
  readonly delimiter?: string
  /** Where the page starts; absent at the beginning. */
  readonly after?: ListPosition
  /** At most this many objects and delimited prefixes; 0 only asks whether there is anything. */
  readonly limit: number
  readonly includeMetadata?: boolean
}

/** After a key, or after everything below a delimited prefix. */
export type ListPosition = { readonly key: string } | { readonly prefix: string }

export interface ListPage<T> {
  readonly items: readonly T[]
  readonly delimitedPrefixes: readonly string[]
  readonly truncated: boolean
  /** The last thing on the page, when it is truncated. */
  readonly last?: ListPosition
}

export interface ListUploadsQuery {
  readonly prefix: string
  readonly delimiter?: string
  readonly after?: ListPosition
  /** With `after.key`: goes on behind this upload of that key. */
  readonly afterUploadId?: string
  readonly limit: number
}
