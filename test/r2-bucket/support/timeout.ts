/** A busy machine takes its time. */
export const PARITY_TIMEOUT_MS = 60_000
