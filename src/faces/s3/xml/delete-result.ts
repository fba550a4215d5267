import { document, element, textElement } from './writer.ts'

/** What happened to one key of a DeleteObjects request. */
export interface DeleteEntry {
  readonly key: string
  /** Why it is still there; absent when it is gone. */
  readonly error?: { readonly code: string; readonly message: string }
}

/** `DeleteResult` with an entry per key, in request order. */
export const renderDeleteResult = (entries: readonly DeleteEntry[]): string => document('DeleteResult', ...entries.map(entryElement))

function entryElement({ key, error }: DeleteEntry): string {
  if (!error) return element('Deleted', textElement('Key', key))
  return element('Error', textElement('Key', key), textElement('Code', error.code), textElement('Message', error.message))
}
