/** A busy machine takes its time. */
export const PATIENCE_MS = 60_000
