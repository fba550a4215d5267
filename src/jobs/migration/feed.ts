import { compareUtf8 } from '../../core/key.ts'
import type { Sourced, SourceFailure, SourcePage } from '../../sources/source.ts'
import type { Copier, Item, MigrationCursor, Position } from './migration.ts'

/**
 * How many keys a page has. A step that ends within a page lists it again, so a page is about as long as a step. The list is never held as a
 * whole.
 */
const PAGE_KEYS = 100
/** A step goes through no more pages without a key. A listing may have some, and a bad one has no end of them. */
const MOST_EMPTY_PAGES = 20

/** The things that a migration copies, one after the other, from a position on. */
export interface Feed {
  /** Returns the next item; undefined at the end, and after a failure. */
  next(): Promise<Item | undefined>
  /** Where the next feed continues. Everything before it was returned. */
  position(): Position
  /** Why the listing could not be continued. */
  failure(): SourceFailure | undefined
  /** The prefix that the source knows: see {@link ListingFeed}. */
  readonly prefix?: string
}

/** Opens the feed of a job: its list of keys, or else the listing of the source. */
export const openFeed = (copier: Copier, keys: readonly string[] | undefined, cursor: MigrationCursor): Feed =>
  keys === undefined ? new ListingFeed(copier, cursor) : new KeysFeed(keys, cursor.taken ?? 0)

class KeysFeed implements Feed {
  readonly #keys: readonly string[]
  #taken: number

  constructor(keys: readonly string[], taken: number) {
    this.#keys = keys
    this.#taken = taken
  }

  async next(): Promise<Item | undefined> {
    const key = this.#keys[this.#taken]
    if (key === undefined) return undefined
    this.#taken++
    return { key, attempts: 0 }
  }

  position(): Position {
    return { taken: this.#taken, ...(this.#taken >= this.#keys.length && { ended: true }) }
  }

  failure(): undefined {
    return undefined
  }
}

/**
 * The listing of a source, page by page. Only one call of `next` may run at a time. If a prefix begins with a slash and no key has it, the
 * prefix without that slash is used: R2's documentation writes prefixes so.
 */
class ListingFeed implements Feed {
  prefix: string
  readonly #copier: Copier
  #page: SourcePage | undefined
  #pageCursor: string | undefined
  #index = 0
  #emptyPages = 0
  #after: string | undefined
  #ended: boolean
  #ahead: Promise<Sourced<SourcePage>> | undefined
  #failure: SourceFailure | undefined

  constructor(copier: Copier, { page, after, ended, prefix }: MigrationCursor) {
    this.#copier = copier
    this.prefix = prefix ?? copier.job.params.prefix ?? ''
    this.#pageCursor = page
    this.#after = after
    this.#ended = ended === true
  }

  async next(): Promise<Item | undefined> {
    while (!this.#ended && this.#failure === undefined && this.#emptyPages < MOST_EMPTY_PAGES) {
      const page = this.#page ?? (await this.#load())
      if (page === undefined) return undefined
      const item = page.items[this.#index++]
      if (item) return this.#take(page, item)
      this.#turn(page)
    }
    return undefined
  }

  position(): Position {
    if (this.#ended) return { ended: true }
    return { ...(this.#pageCursor !== undefined && { page: this.#pageCursor }), ...(this.#after !== undefined && { after: this.#after }) }
  }

  failure(): SourceFailure | undefined {
    return this.#failure
  }

  #take(page: SourcePage, { key, size, etag, storageClass }: SourcePage['items'][number]): Item {
    this.#after = key
    if (this.#index === page.items.length) this.#turn(page)
    // The next page is fetched while objects of this one are copied.
    else if (this.#index === page.items.length >> 1 && page.next !== undefined) this.#ahead ??= this.#list(page.next)
    return { key, size, etag, storageClass, attempts: 0 }
  }

  /** Goes on to the page behind this one. */
  #turn({ next }: SourcePage): void {
    this.#page = undefined
    this.#after = undefined
    this.#pageCursor = next
    this.#ended = next === undefined
  }

  async #load(): Promise<SourcePage | undefined> {
    const listing = this.#ahead ?? this.#list(this.#pageCursor)
    this.#ahead = undefined
    const page = await listing
    if (!page.ok) {
      this.#failure = page.failure
      return undefined
    }
    if (page.value.next !== undefined && page.value.next === this.#pageCursor) {
      this.#failure = { kind: 'unsupported', message: 'The listing does not advance: a page names itself as the next one.' }
      return undefined
    }
    if (page.value.items.length === 0) this.#emptyPages++
    if (this.#isMisspelt(page.value)) {
      this.prefix = this.prefix.slice(1)
      return this.#load()
    }
    this.#index = this.#after === undefined ? 0 : indexBehind(page.value, this.#after)
    this.#page = page.value
    return page.value
  }

  #isMisspelt({ items, next }: SourcePage): boolean {
    const isFirst = this.#pageCursor === undefined && this.prefix === this.#copier.job.params.prefix
    return isFirst && items.length === 0 && next === undefined && this.prefix.startsWith('/')
  }

  #list(cursor: string | undefined): Promise<Sourced<SourcePage>> {
    this.#copier.countCalls(1)
    return this.#copier.source.list({ prefix: this.prefix, cursor, limit: PAGE_KEYS })
  }
}

/** The index of the first item behind a key that was taken. The key may be gone since, and other keys may be there. */
function indexBehind({ items }: SourcePage, after: string): number {
  const at = items.findIndex(({ key }) => key === after)
  if (at >= 0) return at + 1
  const behind = items.findIndex(({ key }) => compareUtf8(key, after) > 0)
  return behind >= 0 ? behind : items.length
}
