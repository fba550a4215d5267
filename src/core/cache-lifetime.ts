import type { HttpMetadata } from './object.ts'

/** How many seconds a public object may be cached. `forbidden`: its metadata forbids it. `unasked`: its metadata and its name say nothing. */
export type Lifetime = number | 'forbidden' | 'unasked'

/** How long Cloudflare caches a 200 by default. https://developers.cloudflare.com/cache/how-to/configure-cache-status-code/ */
const DEFAULT_SECONDS = 120 * 60
const YEAR_SECONDS = 31_536_000

/** https://developers.cloudflare.com/cache/concepts/default-cache-behavior/#default-cached-file-extensions */
const STATIC_EXTENSIONS: ReadonlySet<string> = new Set(
  (
    '7z avi avif apk bin bmp bz2 class css csv doc docx dmg ejs eot eps exe flac gif gz ico iso jar jpg jpeg js mid midi mkv mp3 mp4 ogg ' +
    'otf pdf pict pls png ppt pptx ps rar svg svgz swf tar tif tiff ttf webm webp woff woff2 xls xlsx zip zst'
  ).split(' '),
)

/** Follows the object's own `Cache-Control` and `Expires`; without them, Cloudflare's default for names of static files. */
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

/** The directives' arguments by lowercase name. Of two directives with the same name the first counts. */
function readDirectives(cacheControl: string): ReadonlyMap<string, string> {
  const directives = new Map<string, string>()
  for (const [, name = '', quoted, bare = ''] of cacheControl.matchAll(/([^\s,=]+)(?:\s*=\s*(?:"([^"]*)"|([^\s,]*)))?/g)) {
    if (!directives.has(name.toLowerCase())) directives.set(name.toLowerCase(), quoted ?? bare)
  }
  return directives
}

/** The seconds of an age. For anything but a number it is 0: RFC 9111 treats such a response as stale. */
function secondsOf(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  return /^\d+$/.test(value) ? Number(value) : 0
}
