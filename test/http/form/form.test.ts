import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ByteSource } from '../../../src/core/byte-source.ts'
import { StoreError } from '../../../src/core/errors.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { readBoundary } from '../../../src/http/form/boundary.ts'
import { FormFile } from '../../../src/http/form/form-file.ts'
import { parsePartHeader } from '../../../src/http/form/part-header.ts'
import { readHead } from '../../../src/http/form/parts.ts'
import { readForm } from '../../../src/http/form/read-form.ts'
import { budget } from '../../support/fuzz.ts'

const ANY = { minBytes: 0, maxBytes: Number.MAX_SAFE_INTEGER }
const codeOf = (work: () => unknown): string => {
  try {
    work()
    return 'none'
  } catch (error) {
    return (error as StoreError).code
  }
}

const sourceOf = (body: Uint8Array): ByteSource => {
  let at = 0
  return {
    read: async (size) => {
      at += size
      return body.slice(at - size, at)
    },
    cancel: async () => {},
  }
}

/** Reads the file of a form that is in memory, in pieces. */
async function fileOf(body: Uint8Array, boundary: string, { readBytes = 1e6, readSize = 1000, begun = 0, allowed = ANY } = {}) {
  const { fileOffset } = readHead(body, boundary, true)
  const [first, rest] = [body.subarray(fileOffset, fileOffset + begun), body.subarray(fileOffset + begun)]
  const mostBytes = body.length - fileOffset - boundary.length - 6
  const file = new FormFile(sourceOf(rest), { begun: first, boundary, mostBytes, allowed, readBytes })
  const pieces: Uint8Array[] = []
  for (let length = readSize; length === readSize; ) {
    const piece = await file.read(readSize)
    length = piece.length
    pieces.push(piece)
  }
  const padded = Buffer.concat(pieces)
  expect(padded.length).toBe(file.size)
  const size = file.actualSize()!
  expect(padded.subarray(size).every((byte) => byte === 0)).toBe(true)
  return padded.subarray(0, size)
}

const bytes = (text: string) => new Uint8Array(Buffer.from(text))
const formOf = (boundary: string, file: Uint8Array, { before = '', after = '', end = '--\r\n' } = {}) =>
  new Uint8Array(
    Buffer.concat([
      Buffer.from(`${before}--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n`),
      file,
      Buffer.from(`\r\n${after}--${boundary}${end}`),
    ]),
  )

/** Few letters, so that files and boundaries often look like each other. */
const letters = (unit: string) => fc.string({ unit: fc.constantFrom(...unit), maxLength: 60 })
const boundaries = fc.string({ unit: fc.constantFrom('-', 'a'), minLength: 1, maxLength: 8 })

describe('the file of a form', () => {
  test('is what stands between the delimiters, however the body is split', async () => {
    const property = fc.asyncProperty(
      boundaries,
      letters('\r\n-a'),
      fc.record({
        readBytes: fc.integer({ min: 1, max: 40 }),
        readSize: fc.integer({ min: 1, max: 40 }),
        begun: fc.integer({ min: 0, max: 40 }),
      }),
      async (boundary, text, how) => {
        fc.pre(!`\r\n${text}`.includes(`\r\n--${boundary}`))
        const tail = { after: `--${boundary}\r\nContent-Disposition: form-data; name="submit"\r\n\r\n\r\n` }
        for (const around of [{}, { end: '--' }, tail, { before: 'preamble\r\n' }]) {
          expect((await fileOf(formOf(boundary, bytes(text), around), boundary, how)).toString()).toBe(text)
        }
      },
    )
    await fc.assert(property, budget(500))
  })

  test('is the same for the parser of the platform', async () => {
    const property = fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), fc.string({ maxLength: 20 }), async (content, name) => {
      fc.pre(!name.endsWith('\\')) // The platform does not write such a name.
      const form = new FormData()
      form.append('a b"', name)
      form.append('file', new File([content as never], name))
      const request = new Request('http://h/', { method: 'POST', body: form })
      const boundary = readBoundary(request.headers.get('content-type'))
      const body = new Uint8Array(await request.arrayBuffer())
      const { fields, filename } = readHead(body, boundary, true)
      expect([...fields.values()]).toEqual([{ name: 'a b"', value: name.replace(/\r\n?|\n/g, '\r\n') }])
      expect(filename).toBe(name.replace(/^.*[/\\]/s, ''))
      expect(Buffer.compare(await fileOf(body, boundary), content)).toBe(0)
    })
    await fc.assert(property, budget(200))
  })

  test('is refused, or ends at a delimiter, when any byte of the form is another, missing or added', async () => {
    const boundary = 'b0'
    const after = `--${boundary}\r\nContent-Disposition: form-data; name="c"\r\n\r\nd\r\n`
    const before = `--${boundary}\r\nContent-Disposition: form-data; name="key"\r\n\r\nk\r\n`
    const whole = formOf(boundary, bytes('the file'), { before, after })
    const change = fc.record({
      at: fc.nat(whole.length - 1),
      cut: fc.nat(2),
      put: fc.string({ unit: fc.constantFrom(...'\r\n-b0;="\0 é'), maxLength: 3 }),
    })
    const property = fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
      let form: Buffer = Buffer.from(whole)
      for (const { at, cut, put } of changes) form = Buffer.concat([form.subarray(0, at), Buffer.from(put), form.subarray(at + cut)])
      try {
        const file = await fileOf(new Uint8Array(form), boundary)
        expect(form.includes(Buffer.concat([Buffer.from('\r\n\r\n'), file, Buffer.from(`\r\n--${boundary}`)]))).toBe(true)
      } catch (error) {
        if (!(error instanceof StoreError)) throw error
      }
    })
    await fc.assert(property, budget(3000))
  })

  test('that failed stays failed', async () => {
    const file = new FormFile(sourceOf(bytes('x')), { begun: bytes(''), boundary: 'b', mostBytes: 100, allowed: ANY })
    await expect(file.read(10)).rejects.toThrow('not well-formed')
    await expect(file.read(10)).rejects.toThrow('not well-formed')
  })

  test.each([
    [{ minBytes: 0, maxBytes: 4 }, 'EntityTooLarge'],
    [{ minBytes: 6, maxBytes: 9 }, 'EntityTooSmall'],
    [{ minBytes: 5, maxBytes: 5 }, 'none'],
    [{ minBytes: 6, maxBytes: 4 }, 'EntityTooLarge'],
  ])('of five bytes, where %j is allowed: %s', async (allowed, code) => {
    const form = formOf('b', bytes('12345'))
    const read = await fileOf(form, 'b', { allowed }).then(
      () => 'none',
      (error: StoreError) => error.code,
    )
    expect(read).toBe(code)
  })

  test('is not read beyond what the policy allows', async () => {
    let read = 0
    const endless: ByteSource = {
      read: async (size) => {
        read += size
        return new Uint8Array(size)
      },
      cancel: async () => {},
    }
    const allowed = { minBytes: 0, maxBytes: 1000 }
    const file = new FormFile(endless, { begun: bytes(''), boundary: 'b', mostBytes: 10 ** 9, allowed })
    await expect(file.read(4096)).rejects.toMatchObject({ code: 'EntityTooLarge' })
    expect(read).toBeLessThan(1024 * 1024)
  })
})

describe('the boundary', () => {
  test.each([
    ['multipart/form-data; boundary=abc', 'abc'],
    ['Multipart/Form-Data;charset=utf-8;  BOUNDARY="a b:c"  ', 'a b:c'],
    [`multipart/form-data; boundary=${'a'.repeat(70)}`, 'a'.repeat(70)],
    ["multipart/form-data; boundary='()+_,-./:=?", "'()+_,-./:=?"],
  ])('of %j is %j', (type, boundary) => {
    expect(readBoundary(type)).toBe(boundary)
  })

  test.each([
    [null, 'PreconditionFailed'],
    ['text/plain', 'PreconditionFailed'],
    ['multipart/form-datax; boundary=a', 'PreconditionFailed'],
    ['multipart/form-data', 'MalformedPOSTRequest'],
    ['multipart/form-data; boundary=', 'MalformedPOSTRequest'],
    ['multipart/form-data; boundary=""', 'MalformedPOSTRequest'],
    ['multipart/form-data; boundary="a "', 'MalformedPOSTRequest'],
    ['multipart/form-data; boundary="a', 'MalformedPOSTRequest'],
    ['multipart/form-data; boundary=a; boundary=b', 'MalformedPOSTRequest'],
    ['multipart/form-data; boundary=é', 'MalformedPOSTRequest'],
    ['multipart/form-data boundary=a', 'PreconditionFailed'],
    [`multipart/form-data; boundary=${'a'.repeat(71)}`, 'MalformedPOSTRequest'],
  ])('of %j is refused: %s', (type, code) => {
    expect(codeOf(() => readBoundary(type))).toBe(code)
  })
})

describe('the header of a part', () => {
  const header = (disposition: string) => parsePartHeader(`Content-Disposition: ${disposition}`)

  test.each([
    ['form-data; name="a"', { name: 'a' }],
    ['form-data; name=a', { name: 'a' }],
    ['FORM-DATA ; name="a b" ; filename="c.txt"', { name: 'a b', filename: 'c.txt' }],
    ['form-data; filename="b\\"; name="a"', undefined],
    ['form-data; name="a"; filename="C:\\dir\\x"', { name: 'a', filename: 'x' }],
    ['form-data; name="a"; filename="C:\\dir\\"', { name: 'a', filename: '' }],
    ['form-data; name="a"; filename="\\"q\\""', { name: 'a', filename: '"q"' }],
    ['form-data; name="a%22b%0D%0a"; filename="%41"', { name: 'a"b\r\n', filename: '%41' }],
    [`form-data; name="a"; filename="x"; filename*=UTF-8''%C3%BC%2Fb.txt`, { name: 'a', filename: 'b.txt' }],
    ['form-data; name="a"; filename="ü;=x"', { name: 'a', filename: 'ü;=x' }],
    ['form-data; name=""', undefined],
    ['form-data', undefined],
    ['form-data; filename="a"', undefined],
    ['form-data; name="a"; name="b"', undefined],
    ['form-data; name="a" x', undefined],
    ['form-data; name="a', undefined],
    ['form-data; name=', undefined],
    ['attachment; name="a"', undefined],
    [`form-data; name="a"; filename*=latin1''%FC`, undefined],
    [`form-data; name="a"; filename*=UTF-8''%FC`, undefined],
  ])('%s', (disposition, expected) => {
    if (expected) expect(header(disposition)).toEqual(expected)
    else expect(codeOf(() => header(disposition))).toBe('MalformedPOSTRequest')
  })

  test.each(['', 'x', ': a', 'a b: c', 'Content-Type: text/plain', 'Content-Disposition: form-data;\r\n name="a"', 'A: b\0'])(
    'refuses the lines %j',
    (lines) => {
      expect(codeOf(() => parsePartHeader(lines))).toBe('MalformedPOSTRequest')
    },
  )

  test('may have other lines, and this one once', () => {
    const line = 'content-disposition: form-data; name="a"'
    expect(parsePartHeader(`Content-Type: x\r\n${line}\r\nContent-Transfer-Encoding: binary`)).toEqual({ name: 'a' })
    expect(codeOf(() => parsePartHeader(`${line}\r\n${line}`))).toBe('MalformedPOSTRequest')
  })
})

describe('the fields of a form', () => {
  const part = (name: string, value: string) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
  const FILE = '--b\r\nContent-Disposition: form-data; name="FILE"; filename="f"\r\n\r\n'
  const fieldsOf = (text: string) => Object.fromEntries(readHead(bytes(text), 'b', true).fields)

  test('are found by any spelling; the last of two counts, and metadata are joined', () => {
    const text = part('Key', 'a') + part('key', 'b') + part('x-amz-meta-a', '1') + part('X-Amz-Meta-A', '2') + FILE
    expect(fieldsOf(text)).toEqual({ key: { name: 'key', value: 'b' }, 'x-amz-meta-a': { name: 'X-Amz-Meta-A', value: '1,2' } })
  })

  test('may have names that objects have, and values of several lines', () => {
    const text = part('__proto__', 'a') + part('constructor', 'é\r\n-\r\n') + FILE
    expect([...readHead(bytes(text), 'b', true).fields]).toEqual([
      ['__proto__', { name: '__proto__', value: 'a' }],
      ['constructor', { name: 'constructor', value: 'é\r\n-\r\n' }],
    ])
  })

  test('end where the file begins', () => {
    const { fields, filename, fileOffset } = readHead(bytes(`${part('a', '')}--b \t\r\n${FILE.slice(5)}data`), 'b', false)
    expect([fields.size, filename, fileOffset]).toEqual([1, 'f', part('a', '').length + FILE.length + 2])
  })

  test('must be in UTF-8', () => {
    const form = Buffer.concat([
      Buffer.from('--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n'),
      Buffer.from([0xff]),
      Buffer.from(`\r\n${FILE}`),
    ])
    expect(codeOf(() => readHead(new Uint8Array(form), 'b', true))).toBe('InvalidArgument')
  })

  test('that do not end are malformed at the end of the body, and too many before it', () => {
    for (const text of ['', '-', '--b', '--b\r', '--b\r\nContent', part('a', 'b'), part('a', 'b').slice(0, -3)]) {
      expect([text, codeOf(() => readHead(bytes(text), 'b', true))]).toEqual([text, 'MalformedPOSTRequest'])
      expect([text, codeOf(() => readHead(bytes(text), 'b', false))]).toEqual([text, 'MaxPostPreDataLengthExceeded'])
    }
  })

  test('are read from the beginning of the body alone', async () => {
    let pulled = 0
    const body = new ReadableStream({
      type: 'bytes',
      pull(controller) {
        pulled += 1024
        controller.enqueue(pulled === 1024 ? bytes(`${FILE}`.padEnd(1024, 'x')) : new Uint8Array(1024))
      },
    })
    const headers = { 'content-type': 'multipart/form-data; boundary=b', 'content-length': String(10 ** 9) }
    await readForm(new Request('http://h/', { method: 'POST', headers, body }))
    expect(pulled).toBeLessThan(LIMITS.formFieldBytes + 64 * 1024)
  })
})
