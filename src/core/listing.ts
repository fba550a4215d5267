export interface ListQuery {
  readonly prefix: string
  readonly delimiter?: string
  /** Where the page starts; absent for the first page. */
  readonly after?: ListPosition
  /** At most this many objects and delimited prefixes; 0 only finds out whether there are any. */
  readonly limit: number
  readonly includeMetadata?: boolean
}

/** A position after a key, or after all keys below a delimited prefix. */
export type ListPosition = { readonly key: string } | { readonly prefix: string }

export interface ListPage<T> {
  readonly items: readonly T[]
  readonly delimitedPrefixes: readonly string[]
  readonly truncated: boolean
  /** The position of the last item on the page, if the page is truncated. */
  readonly last?: ListPosition
}

export interface ListUploadsQuery {
  readonly prefix: string
  readonly delimiter?: string
  readonly after?: ListPosition
  /** With `after.key`: the page starts behind this upload of that key. */
  readonly afterUploadId?: string
  readonly limit: number
}
