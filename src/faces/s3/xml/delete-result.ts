import { document, element, textElement } from './writer.ts'

/** The result for one key of a DeleteObjects request. */
export interface DeletedEntry {
  readonly key: string
  /** Why the key was not deleted; absent if it was deleted. */
  readonly error?: { readonly code: string; readonly message: string }
}

/** Writes `DeleteResult` with one entry for each key, in request order. */
export const renderDeleteResult = (entries: readonly DeletedEntry[]): string => document('DeleteResult', ...entries.map(entryElement))

function entryElement({ key, error }: DeletedEntry): string {
  if (!error) return element('Deleted', textElement('Key', key))
  return element('Error', textElement('Key', key), textElement('Code', error.code), textElement('Message', error.message))
}
