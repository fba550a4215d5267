import { Buffer } from 'node:buffer'
import { describe, expect, test } from 'vitest'
import { sniffContentType } from '../../src/core/content-type.ts'

const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('by its first bytes', () => {
  test.each([
    ['%PDF-1.7', 'application/pdf'],
    ['\x89PNG\r\n\x1a\n\0\0', 'image/png'],
    ['\xff\xd8\xff\xe0', 'image/jpeg'],
    ['GIF89a...', 'image/gif'],
    ['RIFF\x10\0\0\0WEBPVP8 ', 'image/webp'],
    ['RIFF\x10\0\0\0WAVEfmt ', 'audio/wave'],
    ['\0\0\0\x1cftypavif\0\0\0\0', 'image/avif'],
    ['\0\0\0\x18ftypmp42\0\0\0\0isommp42', 'video/mp4'],
    ['\0\0\0\x14ftypabcd\0\0\0\0avc1', 'video/mp4'],
    ['\x1aE\xdf\xa3', 'video/webm'],
    ['ID3\x04\0', 'audio/mpeg'],
    ['\xff\xfb\x90\x64', 'audio/mpeg'],
    ['OggS\0\x02', 'application/ogg'],
    ['PK\x03\x04\x14', 'application/zip'],
    ['\x1f\x8b\x08\0', 'application/x-gzip'],
    ['Rar!\x1a\x07\x01\0', 'application/x-rar-compressed'],
    ['7z\xbc\xaf\x27\x1c', 'application/x-7z-compressed'],
    ['\0asm\x01\0\0\0', 'application/wasm'],
    ['\0\x01\0\0\0\x0f', 'font/ttf'],
    ['wOFF\0\x01', 'font/woff'],
    ['wOF2\0\x01', 'font/woff2'],
    ['<!DOCTYPE html>\n<p>', 'text/html; charset=utf-8'],
    ['\n  <HTML >', 'text/html; charset=utf-8'],
    ['\xef\xbb\xbf<!-- hello -->', 'text/html; charset=utf-8'],
    ['<?xml version="1.0"?>', 'text/xml; charset=utf-8'],
    ['<htmlx>', 'text/plain; charset=utf-8'],
    ['hello', 'text/plain; charset=utf-8'],
    ['{"a":1}', 'text/plain; charset=utf-8'],
  ])('%j is %s', (bytes, type) => expect(sniffContentType(latin1(bytes))).toBe(type))

  test('text in any script is text', () => expect(sniffContentType(utf8('привет, 世界'))).toBe('text/plain; charset=utf-8'))
})

test.each([
  ['an empty body', ''],
  ['a NUL among letters', 'abc\0def'],
  ['unknown binary', '\x01\x02\x03\x04'],
  ['a signature cut short', '\x89PNG\r\n\x1a'],
  ['a QuickTime file', '\0\0\0\x14ftypqt  \0\0\0\0qt  '],
])('%s has no type', (_, bytes) => expect(sniffContentType(latin1(bytes))).toBeUndefined())

test('only the first 512 bytes count', () => {
  expect(sniffContentType(latin1(`${'a'.repeat(512)}\0`))).toBe('text/plain; charset=utf-8')
  expect(sniffContentType(latin1(`${'a'.repeat(511)}\0`))).toBeUndefined()
})
