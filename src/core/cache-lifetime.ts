import type { HttpMetadata } from './object.ts'

/** How long a public object may be kept in a cache: for so many seconds, not at all as it says, or not at all as it says nothing. */
export type Lifetime = number | 'forbidden' | 'unasked'

/** What Cloudflare keeps a 200 for when nothing is said. https://developers.cloudflare.com/cache/how-to/configure-cache-status-code/ */
const DEFAULT_SECONDS = 120 * 60
const YEAR_SECONDS = 31_536_000

/** https://developers.cloudflare.com/cache/concepts/default-cache-behavior/#default-cached-file-extensions */
const STATIC_EXTENSIONS: ReadonlySet<string> = new Set(
  (
    '7z avi avif apk bin bmp bz2 class css csv doc docx dmg ejs eot eps exe flac gif gz ico iso jar jpg jpeg js mid midi mkv mp3 mp4 ogg ' +
    'otf pdf pict pls png ppt pptx ps rar svg svgz swf tar tif tiff ttf webm webp woff woff2 xls xlsx zip zst'
  ).split(' '),
)

/** What the object's own `Cache-Control` and `Expires` say; where they say nothing, Cloudflare's default for names of static files. */
export function cacheLifetime(key: string, { cacheControl = '', cacheExpiryMs }: HttpMetadata, nowMs: number): Lifetime {
  const directives = readDirectives(cacheControl)
  if (['private', 'no-store', 'no-cache'].some((name) => directives.has(name))) return 'forbidden'
  const told = secondsOf(directives.get('s-maxage')) ?? secondsOf(directives.get('max-age'))
  if (told !== undefined) return bounded(told)
  if (cacheExpiryMs !== undefined) return bounded(Math.floor((cacheExpiryMs - nowMs) / 1000))
  return isStatic(key) ? DEFAULT_SECONDS : 'unasked'
}

const bounded = (seconds: number): Lifetime => (seconds > 0 ? Math.min(seconds, YEAR_SECONDS) : 'forbidden')

const isStatic = (key: string): boolean => STATIC_EXTENSIONS.has(/\.([a-z0-9]{1,16})$/i.exec(key)?.[1]?.toLowerCase() ?? '')

/** Names in lowercase with their arguments; of two of one name the first counts. */
function readDirectives(cacheControl: string): ReadonlyMap<string, string> {
  const directives = new Map<string, string>()
  for (const [, name = '', quoted, bare = ''] of cacheControl.matchAll(/([^\s,=]+)(?:\s*=\s*(?:"([^"]*)"|([^\s,]*)))?/g)) {
    if (!directives.has(name.toLowerCase())) directives.set(name.toLowerCase(), quoted ?? bare)
  }
  return directives
}

/** An age that is no number is no age at all: RFC 9111 takes it for a stale one. */
function secondsOf(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  return /^\d+$/.test(value) ? Number(value) : 0
}
