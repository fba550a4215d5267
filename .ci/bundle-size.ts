import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

/** A small Worker starts fast, and is far below the limit of every plan. */
const LIMIT_BYTES = 1024 * 1024

const isUploaded = (name: string) => !name.endsWith('.map') && name !== 'README.md'

const entries = readdirSync(process.argv[2]!, { recursive: true, withFileTypes: true })
const files = entries.filter((entry) => entry.isFile() && isUploaded(entry.name)).map(({ parentPath, name }) => join(parentPath, name))
const bytes = files.reduce((sum, file) => sum + gzipSync(readFileSync(file)).length, 0)

console.log(`Bundle: ${(bytes / 1024).toFixed(1)} KiB gzipped, of ${LIMIT_BYTES / 1024} KiB allowed`)
if (bytes === 0 || bytes > LIMIT_BYTES) process.exit(1)
