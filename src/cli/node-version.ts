/** The oldest Node that wrangler and Miniflare run on. */
const OLDEST = [22, 12] as const

/** Returns one sentence when this Node is too old; otherwise undefined. */
export function nodeTooOld(version: string): string | undefined {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  const isOld = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])
  return isOld ? `Cairn needs Node ${OLDEST.join('.')} or later; this is Node ${version.replace(/^v/, '')}.` : undefined
}
