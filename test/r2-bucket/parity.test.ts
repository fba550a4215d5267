import { describe } from 'vitest'
import { failure, fixed, page, read, shown } from './support/answers.ts'
import { alone, differs, parity } from './support/parity.ts'

// The same calls to workerd's own R2 and to Cairn's binding have the same answers. Where they do not, `differs` says why.

const utf8 = new TextEncoder()
const digest = async (algorithm: string, text: string) => crypto.subtle.digest(algorithm, utf8.encode(text))
const hex = (bytes: ArrayBuffer) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
const MIB = 1024 * 1024
const PART = 5 * MIB
const LONG_KEY = 'k'.repeat(1025)
const handmade = () => {
  const start = (controller: ReadableStreamDefaultController) => {
    controller.enqueue(utf8.encode('x'))
    controller.close()
  }
  return new ReadableStream({ start })
}
const bad = <T>(value: unknown): T => value as T

describe('put and its bodies', () => {
  const bodies: [string, () => Parameters<R2Bucket['put']>[1]][] = [
    ['a string', () => 'héllo ✓'],
    ['an empty string', () => ''],
    ['null', () => null],
    ['undefined', () => bad(undefined)],
    ['an ArrayBuffer', () => utf8.encode('buffer').buffer as ArrayBuffer],
    ['an empty ArrayBuffer', () => new ArrayBuffer(0)],
    ['a Uint8Array', () => utf8.encode('array')],
    ['a part of a buffer', () => utf8.encode('abcdefgh').subarray(2, 5)],
    ['a DataView', () => new DataView(utf8.encode('abcdefgh').buffer, 1, 4)],
    ['a Uint16Array', () => new Uint16Array([1, 2, 300])],
    ['a Blob', () => new Blob(['bl', 'ob'], { type: 'text/plain' })],
    ['an empty Blob', () => new Blob([])],
    ["a Blob's stream", () => new Blob(['stream of a blob']).stream()],
    ["a response's body", () => new Response('response').body],
    ["a request's body", () => new Request('https://x/', { method: 'POST', body: 'request' }).body],
    ['a FixedLengthStream', () => fixed('fixed')],
    ['an empty FixedLengthStream', () => fixed('', 0)],
    ['300 KB of bytes', () => new Uint8Array(300_000).fill(7)],
    ['3 MB of bytes', () => new Uint8Array(3_000_000).fill(9)],
    ['3 MB of text', () => 'x'.repeat(3_000_000)],
  ]
  for (const [name, body] of bodies) {
    parity(`${name} is stored as it is`, async ({ bucket, key }) => {
      const put = shown(await bucket.put(key, body()))
      const got = await bucket.get(key)
      return { put, got: shown(got), sha: hex(await crypto.subtle.digest('SHA-256', await got!.arrayBuffer())) }
    })
  }

  const refused: [string, () => unknown, string?][] = [
    ['a number', () => 5],
    ['an object', () => ({})],
    ['a date', () => new Date(0)],
    ['a boolean', () => true],
    ['a stream of unknown length', () => new IdentityTransformStream().readable],
    [
      'a stream made by hand',
      () => handmade(),
      'TypeError: Provided readable stream must have a known length (request/response body or readable half of FixedLengthStream)',
    ],
  ]
  for (const [name, body, expected] of refused) {
    parity(
      `${name} is refused`,
      async ({ bucket, key }) => [await failure(() => bucket.put(key, bad(body()))), await bucket.head(key)],
      expected && [expected, null],
    )
  }

  parity('a stream that somebody has read, or reads, is refused', async ({ bucket, key }) => {
    await bucket.put(key, 'used')
    const used = (await bucket.get(key))!
    await used.text()
    const locked = new Response('locked').body!
    locked.getReader()
    return [
      await failure(() => bucket.put(key, used.body)),
      await failure(() => bucket.put(key, locked)),
      await (await bucket.get(key))!.text(),
    ]
  })

  parity('the body of one object can be put under another key', async ({ bucket, key }) => {
    await bucket.put(key, 'passed on')
    await bucket.put(`${key}-2`, (await bucket.get(key))!.body)
    return (await bucket.get(`${key}-2`))!.text()
  })

  parity('an overwrite replaces bytes and metadata', async ({ bucket, key }) => {
    await bucket.put(key, 'one', { customMetadata: { a: '1' }, httpMetadata: { contentType: 'text/one' } })
    await bucket.put(key, 'two!')
    return read(await bucket.get(key))
  })

  parity('no key is a TypeError, and any other value is a string', async ({ bucket }) => [
    await failure(() => bad<() => unknown>(bucket.put.bind(bucket))()),
    await failure(() => bad<() => unknown>(bucket.get.bind(bucket))()),
    await failure(() => bad<() => unknown>(bucket.head.bind(bucket))()),
    await failure(() => bad<() => unknown>(bucket.createMultipartUpload.bind(bucket))()),
    (await bucket.put(bad(17), 'x'))!.key,
    (await bucket.head(bad(17)))?.size,
    (await bucket.put(bad(undefined), 'x'))!.key,
    (await bucket.put(bad(null), 'x'))!.key,
  ])

  parity('the empty key is a key', async ({ bucket }) => {
    await bucket.put('', 'empty')
    const text = await (await bucket.get(''))!.text()
    await bucket.delete('')
    return [text, await bucket.head('')]
  })

  for (const key of ['a/../b', 'a//b', '/lead', 'trail/', 'sp ace', '%2F', 'ünï✓😀', 'a\nb', 'q?x=1&y=2#z', '.', '..', 'quo\'te"s']) {
    parity(`${JSON.stringify(key)} is a key`, async ({ bucket, key: prefix }) => {
      await bucket.put(prefix + key, key)
      return [await read(await bucket.get(prefix + key)), page(await bucket.list({ prefix: prefix + key }))]
    })
  }
})

describe('keys that are too long', () => {
  const calls: [string, (bucket: R2Bucket) => unknown][] = [
    ['head', (bucket) => bucket.head(LONG_KEY)],
    ['get', (bucket) => bucket.get(LONG_KEY)],
    ['put', (bucket) => bucket.put(LONG_KEY, 'x')],
    ['delete', (bucket) => bucket.delete(LONG_KEY)],
    ['createMultipartUpload', (bucket) => bucket.createMultipartUpload(LONG_KEY)],
    ['uploadPart', (bucket) => bucket.resumeMultipartUpload(LONG_KEY, 'id').uploadPart(1, 'x')],
    ['completeMultipartUpload', (bucket) => bucket.resumeMultipartUpload(LONG_KEY, 'id').complete([])],
    ['abortMultipartUpload', (bucket) => bucket.resumeMultipartUpload(LONG_KEY, 'id').abort()],
  ]
  for (const [method, call] of calls) {
    parity(
      `${method} refuses 1,025 bytes`,
      ({ bucket }) => failure(() => call(bucket)),
      `Error: ${method}: The specified object name is not valid. (10020)`,
    )
  }
  parity('1,024 bytes are not too many, however few characters they are', async ({ bucket }) => {
    const keys = ['k'.repeat(1024), 'é'.repeat(512), '😀'.repeat(256)]
    for (const key of keys) await bucket.put(key, 'long')
    const sizes = await Promise.all(keys.map(async (key) => (await bucket.head(key))?.size))
    await bucket.delete(keys)
    return [sizes, await failure(() => bucket.put(`${keys[2]}k`, 'x')), await failure(() => bucket.get('é'.repeat(513)))]
  })
  parity('a large body under a wrong key is refused all the same', ({ bucket }) =>
    failure(() => bucket.put(LONG_KEY, new Uint8Array(8 * MIB))),
  )
})

describe('metadata', () => {
  const everything = {
    contentType: 'text/html; charset=utf-8',
    contentLanguage: 'de',
    contentDisposition: 'attachment; filename="x.html"',
    contentEncoding: 'identity',
    cacheControl: 'max-age=60',
    cacheExpiry: new Date(1_900_000_000_000),
  }
  parity('comes back from put, head and get', async ({ bucket, key }) => {
    const customMetadata = { plain: 'text', Upper: 'Case', ünï: 'cödé ✓', empty: '', __proto: 'x' }
    const put = shown(await bucket.put(key, 'x', { httpMetadata: everything, customMetadata }))
    return [put, shown(await bucket.head(key)), await read(await bucket.get(key))]
  })
  parity('none is none: no content type is guessed', async ({ bucket, key }) => {
    const put = shown(await bucket.put(key, '<html><body>hello'))
    return [put, shown(await bucket.head(key))]
  })
  parity('is read from Headers', async ({ bucket, key }) => {
    const headers = new Headers({
      'content-type': 'image/png',
      'content-language': 'en, fr',
      'content-disposition': 'inline',
      'content-encoding': 'br',
      'cache-control': 'no-store',
      expires: 'Wed, 21 Oct 2037 07:28:00 GMT',
      'x-other': 'ignored',
    })
    return shown(await bucket.put(key, 'x', { httpMetadata: headers }))
  })
  parity('empty Headers are no metadata', async ({ bucket, key }) => shown(await bucket.put(key, 'x', { httpMetadata: new Headers() })))
  parity('values of user metadata become strings', async ({ bucket, key }) =>
    shown(await bucket.put(key, 'x', { customMetadata: bad({ n: 5, b: true }) })),
  )
  parity('is written to headers by writeHttpMetadata', async ({ bucket, key }) => {
    await bucket.put(key, 'x', { httpMetadata: everything, customMetadata: { not: 'written' } })
    const headers = new Headers({ etag: '"kept"', 'content-type': 'replaced/one' })
    ;(await bucket.head(key))!.writeHttpMetadata(headers)
    const bare = new Headers({ 'content-type': 'kept/one' })
    ;(await bucket.put(`${key}-2`, 'x'))!.writeHttpMetadata(bare)
    return [[...headers], [...bare]]
  })
  parity('of 8,192 characters is accepted, and one more is not', async ({ bucket, key }) => {
    const sized = (length: number) => ({ customMetadata: { abcd: 'v'.repeat(length - 4) } })
    await bucket.put(key, 'x', sized(8192))
    return [
      Object.values((await bucket.head(key))!.customMetadata!)[0]!.length,
      await failure(() => bucket.put(key, 'x', sized(8193))),
      await failure(() => bucket.createMultipartUpload(key, sized(8193))),
      await failure(() => bucket.put(key, 'x', { customMetadata: { k: '✓'.repeat(4097) } })),
      (await bucket.put(key, 'x', { customMetadata: { k: '✓'.repeat(4095) } })).size,
    ]
  })
  parity('is told by the object that a failed condition leaves', async ({ bucket, key }) => {
    await bucket.put(key, 'x', { httpMetadata: everything, customMetadata: { a: 'b' } })
    return shown(await bucket.get(key, { onlyIf: { etagMatches: 'other' } }))
  })
})

describe('checksums', () => {
  const ALGORITHMS = [
    ['md5', 'MD5', 16],
    ['sha1', 'SHA-1', 20],
    ['sha256', 'SHA-256', 32],
    ['sha384', 'SHA-384', 48],
    ['sha512', 'SHA-512', 64],
  ] as const
  for (const [field, name, length] of ALGORITHMS) {
    parity(`${field} is compared and kept, as hex, bytes or a view`, async ({ bucket, key }) => {
      const bytes = await digest(name, 'body')
      const forms = [hex(bytes), hex(bytes).toUpperCase(), bytes, new Uint8Array(bytes), new DataView(bytes)]
      const put = []
      for (const form of forms) put.push(shown(await bucket.put(key, 'body', { [field]: form })))
      return [put, shown(await bucket.head(key)), await read(await bucket.get(key))]
    })
    parity(`a wrong ${field} is refused and stores nothing`, async ({ bucket, key }) => {
      const wrong = hex(await digest(name, 'other'))
      return [await failure(() => bucket.put(key, 'body', { [field]: wrong })), await bucket.head(key)]
    })
    parity(`a ${field} of the wrong form is a TypeError`, async ({ bucket, key }) => [
      await failure(() => bucket.put(key, 'x', { [field]: new Uint8Array(length - 1) })),
      await failure(() => bucket.put(key, 'x', { [field]: new ArrayBuffer(length + 1) })),
      await failure(() => bucket.put(key, 'x', { [field]: 'ab' })),
      await failure(() => bucket.put(key, 'x', { [field]: '' })),
      await failure(() => bucket.put(key, 'x', { [field]: 'zz'.repeat(length) })),
    ])
  }
  parity(
    'two of them are one too many',
    async ({ bucket, key }) => failure(() => bucket.put(key, 'x', { md5: 'ab'.repeat(16), sha256: 'cd'.repeat(32) })),
    'TypeError: You cannot specify multiple hashing algorithms.',
  )
  parity('the first wrong one is told before there are two', ({ bucket, key }) =>
    failure(() => bucket.put(key, 'x', { md5: 'ab', sha1: 'cd'.repeat(20) })),
  )
  parity('JSON has them in hex', async ({ bucket, key }) => {
    const { checksums } = await bucket.put(key, 'body', { sha1: await digest('SHA-1', 'body') })
    return [JSON.stringify(checksums), checksums.toJSON(), hex(checksums.md5!), hex(checksums.sha1!), checksums.sha256]
  })
  parity('are told of large bodies as well', async ({ bucket, key }) => {
    const body = new Uint8Array(2 * MIB).fill(3)
    return shown(await bucket.put(key, body, { sha512: await crypto.subtle.digest('SHA-512', body) }))
  })
})

describe('head', () => {
  parity('a missing object is null', ({ bucket, key }) => bucket.head(key), null)
  parity('an object has its range and no body', async ({ bucket, key }) => {
    await bucket.put(key, 'hello')
    return shown(await bucket.head(key))
  })
  parity('an empty object has an empty range', async ({ bucket, key }) => {
    await bucket.put(key, '')
    return shown(await bucket.head(key))
  })
})

describe('get and its body', () => {
  parity(
    'a missing object is null, whatever the conditions and the range',
    async ({ bucket, key }) => [
      await bucket.get(key),
      await bucket.get(key, { onlyIf: { etagMatches: 'x' } }),
      await bucket.get(key, { onlyIf: { etagDoesNotMatch: '*' } }),
      await bucket.get(key, { range: { offset: 5 } }),
    ],
    [null, null, null, null],
  )
  for (const size of [0, 1, 5, 65_536, 300_000, 3_000_000]) {
    parity(`${size} bytes come back whole`, async ({ bucket, key }) => {
      await bucket.put(
        key,
        new Uint8Array(size).map((_, index) => index * 31),
      )
      const got = await bucket.get(key)
      return [shown(got), hex(await crypto.subtle.digest('SHA-1', await got!.arrayBuffer()))]
    })
  }
  parity('is read as text, JSON, bytes, a buffer and a blob', async ({ bucket, key }) => {
    await bucket.put(key, '{"a":[1,"é"]}', { httpMetadata: { contentType: 'application/json' } })
    const get = async () => (await bucket.get(key))!
    const blob = await (await get()).blob()
    const bytes = await (await get()).bytes()
    const buffer = await (await get()).arrayBuffer()
    return {
      text: await (await get()).text(),
      json: await (await get()).json(),
      bytes: [bytes.constructor.name, [...bytes]],
      buffer: [buffer.constructor.name, buffer.byteLength],
      blob: [blob.constructor.name, blob.type, blob.size, await blob.text()],
    }
  })
  parity('a blob without a content type has none', async ({ bucket, key }) => {
    await bucket.put(key, 'x')
    return (await (await bucket.get(key))!.blob()).type
  })
  parity(
    'text that is no JSON is a SyntaxError',
    async ({ bucket, key }) => {
      await bucket.put(key, '{"a":')
      return (await failure(async () => (await bucket.get(key))!.json())).split(':')[0]
    },
    'SyntaxError',
  )
  parity('a byte order mark is not text', async ({ bucket, key }) => {
    await bucket.put(key, new Uint8Array([0xef, 0xbb, 0xbf, 0x61, 0xff]))
    return (await bucket.get(key))!.text()
  })
  parity('is used once', async ({ bucket, key }) => {
    await bucket.put(key, 'once')
    const got = (await bucket.get(key))!
    const before = got.bodyUsed
    await got.text()
    return [
      before,
      got.bodyUsed,
      got.body.locked,
      await failure(() => got.text()),
      await failure(() => got.arrayBuffer()),
      await failure(() => got.json()),
      await failure(() => got.blob()),
      await failure(() => got.bytes()),
    ]
  })
  parity('is used by a reader as well', async ({ bucket, key }) => {
    await bucket.put(key, 'reader')
    const got = (await bucket.get(key))!
    const reader = got.body.getReader()
    const locked = got.body.locked
    const { value } = await reader.read()
    reader.releaseLock()
    return [locked, new TextDecoder().decode(value), got.bodyUsed, await failure(() => got.text())]
  })
  parity('can be split with tee', async ({ bucket, key }) => {
    await bucket.put(key, 'tee')
    const [a, b] = (await bucket.get(key))!.body.tee()
    return [await new Response(a).text(), await new Response(b).text()]
  })
  parity('can be read into a buffer of the reader', async ({ bucket, key }) => {
    await bucket.put(key, 'bring your own')
    const reader = (await bucket.get(key))!.body.getReader({ mode: 'byob' })
    const { value } = await reader.read(new Uint8Array(5))
    await reader.cancel()
    return new TextDecoder().decode(value)
  })
  parity('is the same stream each time, and may be left unread', async ({ bucket, key }) => {
    await bucket.put(key, 'same')
    const got = (await bucket.get(key))!
    const { body } = got
    await body.cancel()
    return got.body === body
  })
  parity('serves as the body of a response', async ({ bucket, key }) => {
    await bucket.put(key, 'x'.repeat(400_000))
    const got = (await bucket.get(key))!
    return (await new Response(got.body, { headers: { etag: got.httpEtag } }).text()).length
  })
  parity('an object has these members', async ({ bucket, key }) => {
    const put = (await bucket.put(key, 'members'))!
    const got = (await bucket.get(key))!
    const names = (object: object) => Object.keys(object).sort()
    const methods = ['writeHttpMetadata', 'text', 'json', 'arrayBuffer', 'bytes', 'blob', 'body', 'bodyUsed'].map((name) => [
      name in put,
      name in got,
    ])
    return [names(put), names(got), names(put.checksums), methods]
  })
  parity('an object prints as JSON', async ({ bucket, key }) => {
    await bucket.put(key, 'json', { httpMetadata: { contentType: 'a/b', cacheExpiry: new Date(0) }, customMetadata: { c: 'd' } })
    const { uploaded: _, version: __, storageClass: ___, ...rest } = JSON.parse(JSON.stringify(await bucket.get(key)))
    return rest
  })
})

describe('edge values of options', () => {
  /** Objects with a class of their own are not equal to plain ones; the names of their fields and the values are. */
  const fieldsOf = (range: R2Range | undefined) => range && Object.entries(range)

  for (const range of [undefined, { offset: 2 }, { suffix: 2 }, { length: 2 }]) {
    parity(`a range has three fields of its own: ${JSON.stringify(range)}`, async ({ bucket, key }) => {
      await bucket.put(key, '0123456789')
      const [got, missed] = [await bucket.get(key, { range }), await bucket.get(key, { range, onlyIf: { etagMatches: 'x' } })]
      return [fieldsOf(got!.range), JSON.stringify(got!.range), fieldsOf(missed!.range), fieldsOf((await bucket.head(key))!.range)]
    })
  }

  parity('an empty cursor is none, as in a loop that begins', async ({ bucket, key }) => {
    await bucket.put(key, 'x')
    return page(await bucket.list({ prefix: key, cursor: '' }))
  })

  const noTexts = [null, 0, true, false, {}, [], ['x'], ['*'], [null]]
  for (const field of ['prefix', 'cursor', 'startAfter', 'delimiter']) {
    for (const value of noTexts) {
      parity(`${field} ${JSON.stringify(value)} is no text`, ({ bucket }) => failure(() => bucket.list({ [field]: bad(value) })))
    }
  }
  for (const field of ['etagMatches', 'etagDoesNotMatch']) {
    for (const value of noTexts) {
      parity(`${field} ${JSON.stringify(value)} is no text`, async ({ bucket, key }) => [
        await failure(() => bucket.get(key, { onlyIf: bad({ [field]: value }) })),
        await failure(() => bucket.put(key, 'x', { onlyIf: bad({ [field]: value }) })),
      ])
    }
  }
  for (const onlyIf of [0, '', 'x', true, false]) {
    parity(`onlyIf ${JSON.stringify(onlyIf)} is no condition`, async ({ bucket, key }) => [
      await failure(() => bucket.get(key, { onlyIf: bad(onlyIf) })),
      await failure(() => bucket.put(key, 'x', { onlyIf: bad(onlyIf) })),
    ])
  }
  for (const onlyIf of [null, [], {}]) {
    parity(`onlyIf ${JSON.stringify(onlyIf)} asks for nothing`, async ({ bucket, key }) => {
      await bucket.put(key, 'x')
      return read(await bucket.get(key, { onlyIf: bad(onlyIf) }))
    })
  }

  differs(
    'a storage class that there is not',
    'R2 refuses it; the local server knows no classes',
    async ({ bucket, key }) => bucket.put(key, 'x', { storageClass: 'Glacier' }).then(({ storageClass }) => storageClass, String),
    { r2: '', cairn: 'Error: put: The storage class specified is not valid. (10062)' },
  )
})

describe('ranges', () => {
  const ranges: unknown[] = [
    { offset: 0 },
    { offset: 2 },
    { offset: 2, length: 3 },
    { length: 3 },
    { length: 10 },
    { length: 100 },
    { offset: 9, length: 1 },
    { offset: 9, length: 100 },
    { suffix: 1 },
    { suffix: 4 },
    { suffix: 10 },
    { suffix: 100 },
    {},
    { offset: undefined, length: 4 },
    { offset: 1e15, length: undefined, suffix: undefined },
  ]
  for (const range of ranges) {
    parity(`${JSON.stringify(range)} of ten bytes`, async ({ bucket, key }) => {
      await bucket.put(key, '0123456789')
      return bucket.get(key, { range: bad(range) }).then(read, (error) => String(error))
    })
  }
  const unsatisfiable: unknown[] = [
    { offset: 11 },
    { offset: 11, length: 1 },
    { offset: 10 },
    { length: 0 },
    { suffix: 0 },
    { offset: 3, length: 0 },
  ]
  for (const range of unsatisfiable) {
    parity(
      `${JSON.stringify(range)} of ten bytes is refused`,
      async ({ bucket, key }) => {
        await bucket.put(key, '0123456789')
        return failure(() => bucket.get(key, { range: bad(range) }))
      },
      'Error: get: The requested range is not satisfiable (10039)',
    )
  }
  for (const range of [{ offset: 0 }, { suffix: 1 }, { offset: 1 }, { offset: 1, length: 1 }]) {
    parity(`${JSON.stringify(range)} of an empty object`, async ({ bucket, key }) => {
      await bucket.put(key, '')
      return bucket.get(key, { range }).then(read, (error) => String(error))
    })
  }
  for (const [range, size] of [
    [{ offset: 10, length: 1 }, 10],
    [{ offset: 10, length: 100 }, 10],
    [{ offset: 0, length: 1 }, 0],
    [{ length: 5 }, 0],
  ] as const) {
    alone(
      `${JSON.stringify(range)} of ${size} bytes`,
      "R2's engine answers a range right behind the last byte with an empty body; the local server fails on it",
      async ({ bucket, key }) => {
        await bucket.put(key, '0123456789'.slice(0, size))
        const got = bucket.get(key, { range })
        return got.then(
          async (object) => [object?.range, await object?.text()],
          (error) => error.message,
        )
      },
      [{ offset: size, length: 0 }, ''],
    )
  }
  const wrong: [unknown, string][] = [
    [{ offset: -1 }, 'RangeError: Invalid range. Starting offset (-1) must be greater than or equal to 0.'],
    [{ length: -2 }, 'RangeError: Invalid range. Length (-2) must be greater than or equal to 0.'],
    [{ suffix: -3 }, 'RangeError: Invalid suffix. Suffix (-3) must be greater than or equal to 0.'],
    [{ offset: 1.5 }, 'RangeError: Invalid range. Starting offset (1.5) must be an integer, not floating point.'],
    [{ length: 0.5 }, 'RangeError: Invalid range. Length (0.5) must be an integer, not floating point.'],
    [{ suffix: 2.5 }, 'RangeError: Invalid range. Suffix (2.5) must be an integer, not floating point.'],
    [{ suffix: 1, offset: 1 }, 'TypeError: Suffix is incompatible with offset.'],
    [{ suffix: 1, length: 1 }, 'TypeError: Suffix is incompatible with length.'],
  ]
  for (const [range, message] of wrong) {
    parity(
      `${JSON.stringify(range)} is wrong before it is sent`,
      ({ bucket, key }) => failure(() => bucket.get(key, { range: bad(range) })),
      message,
    )
  }
  const headers = [
    'bytes=0-3',
    'bytes=2-',
    'bytes=-4',
    'bytes=0-0',
    'bytes=5-100',
    'bytes=9-9',
    'bytes=10-',
    'bytes=10-12',
    'bytes=3-2',
    'bytes=-0',
  ]
  const odd = [
    'bytes=0-1,3-4',
    'bytes=',
    'bytes=a-b',
    'bytes=-',
    'items=0-3',
    'BYTES=1-2',
    ' bytes = 1 - 2 ',
    'bytes=-100',
    'bytes=-10',
    'bytes=--1',
    '',
  ]
  for (const header of [...headers, ...odd]) {
    parity(`the header ${JSON.stringify(header)} of ten bytes`, async ({ bucket, key }) => {
      await bucket.put(key, '0123456789')
      return read(await bucket.get(key, { range: new Headers({ range: header }) }))
    })
  }
  parity('Headers without a range ask for everything', async ({ bucket, key }) => {
    await bucket.put(key, '0123456789')
    return read(await bucket.get(key, { range: new Headers({ 'if-match': '"x"' }) }))
  })
  parity('a header asks an empty object for all of nothing', async ({ bucket, key }) => {
    await bucket.put(key, '')
    return read(await bucket.get(key, { range: new Headers({ range: 'bytes=0-0' }) }))
  })
  parity('of a large object reads those bytes', async ({ bucket, key }) => {
    await bucket.put(
      key,
      new Uint8Array(3_000_000).map((_, index) => index % 251),
    )
    const got = await bucket.get(key, { range: { offset: 1_999_990, length: 20 } })
    return [got!.range, got!.size, [...(await got!.bytes())]]
  })
})

describe('conditions', () => {
  const HOUR = 3_600_000
  const seen = async (bucket: R2Bucket, key: string, onlyIf: R2Conditional | Headers) => {
    const got = await bucket.get(key, { onlyIf }).catch((error) => String(error))
    const put = await bucket.put(`${key}-put`, 'new', { onlyIf }).catch((error) => String(error))
    const text = async (name: string) => (await (await bucket.get(name))?.text()) ?? null
    const shape = (value: unknown) => (typeof value === 'string' || value === null ? value : 'body' in (value as object) ? 'body' : 'head')
    return [shape(got), shape(put), await text(`${key}-put`)]
  }
  /** The object under both keys, and its ETag and time. */
  const twice = async (bucket: R2Bucket, key: string) => {
    await bucket.put(`${key}-put`, 'old')
    return (await bucket.put(key, 'old'))!
  }
  const objects: [string, (object: R2Object) => R2Conditional][] = [
    ['no condition', () => ({})],
    ['etagMatches that does', ({ etag }) => ({ etagMatches: etag })],
    ['etagMatches that does not', () => ({ etagMatches: 'nope' })],
    ['etagMatches of anything', () => ({ etagMatches: '*' })],
    ['etagDoesNotMatch that matches', ({ etag }) => ({ etagDoesNotMatch: etag })],
    ['etagDoesNotMatch that does not', () => ({ etagDoesNotMatch: 'nope' })],
    ['etagDoesNotMatch of anything', () => ({ etagDoesNotMatch: '*' })],
    ['an empty etagMatches', () => ({ etagMatches: '' })],
    ['an empty etagDoesNotMatch', () => ({ etagDoesNotMatch: '' })],
    ['uploadedBefore the future', ({ uploaded }) => ({ uploadedBefore: new Date(uploaded.getTime() + HOUR) })],
    ['uploadedBefore the past', ({ uploaded }) => ({ uploadedBefore: new Date(uploaded.getTime() - HOUR) })],
    ['uploadedAfter the past', ({ uploaded }) => ({ uploadedAfter: new Date(uploaded.getTime() - HOUR) })],
    ['uploadedAfter the future', ({ uploaded }) => ({ uploadedAfter: new Date(uploaded.getTime() + HOUR) })],
    ['etagMatches rescues uploadedBefore', ({ etag }) => ({ etagMatches: etag, uploadedBefore: new Date(0) })],
    ['etagDoesNotMatch rescues uploadedAfter', () => ({ etagDoesNotMatch: 'nope', uploadedAfter: new Date(Date.now() + HOUR) })],
    ['a failing etagMatches with a good uploadedBefore', () => ({ etagMatches: 'nope', uploadedBefore: new Date(Date.now() + HOUR) })],
    ['a failing etagDoesNotMatch with a good uploadedAfter', ({ etag }) => ({ etagDoesNotMatch: etag, uploadedAfter: new Date(0) })],
    [
      'all four that hold',
      ({ etag }) => ({ etagMatches: etag, etagDoesNotMatch: 'x', uploadedAfter: new Date(0), uploadedBefore: new Date(Date.now() + HOUR) }),
    ],
    [
      'seconds, before the same second',
      ({ uploaded }) => ({ uploadedBefore: new Date(Math.floor(uploaded.getTime() / 1000) * 1000 + 999), secondsGranularity: true }),
    ],
    [
      'seconds, after the same second',
      ({ uploaded }) => ({ uploadedAfter: new Date(Math.floor(uploaded.getTime() / 1000) * 1000), secondsGranularity: true }),
    ],
    [
      'seconds, after the second before',
      ({ uploaded }) => ({ uploadedAfter: new Date(uploaded.getTime() - 1000), secondsGranularity: true }),
    ],
    ['a date at the epoch', () => ({ uploadedAfter: new Date(0) })],
    ['absent fields', () => ({ etagMatches: undefined, uploadedAfter: undefined })],
  ]
  for (const [name, onlyIf] of objects) {
    parity(`${name}, of an object that is there`, async ({ bucket, key }) => seen(bucket, key, onlyIf(await twice(bucket, key))))
    parity(`${name}, of an object that is not there`, async ({ bucket, key }) =>
      seen(bucket, key, onlyIf((await bucket.put(`${key}-other`, 'other'))!)),
    )
  }
  parity(
    'compare to the millisecond, strictly',
    async ({ bucket, key }) => {
      const { uploaded } = (await bucket.put(key, 'x'))!
      const at = (shift: number) => new Date(uploaded.getTime() + shift)
      const passes = async (onlyIf: R2Conditional) => 'body' in (await bucket.get(key, { onlyIf }))!
      const befores = [-1, 0, 1].map((shift) => passes({ uploadedBefore: at(shift) }))
      const afters = [-1, 0, 1].map((shift) => passes({ uploadedAfter: at(shift) }))
      return [await Promise.all(befores), await Promise.all(afters)]
    },
    [
      [false, false, true],
      [true, false, false],
    ],
  )
  parity('a get that fails one shows the object without a body', async ({ bucket, key }) => {
    await bucket.put(key, 'x', { customMetadata: { a: 'b' }, sha1: await digest('SHA-1', 'x') })
    return shown(await bucket.get(key, { onlyIf: { etagMatches: 'nope' }, range: { offset: 0, length: 1 } }))
  })
  parity(
    'a put that fails one is null and changes nothing',
    async ({ bucket, key }) => {
      await bucket.put(key, 'old')
      return [await bucket.put(key, 'new', { onlyIf: { etagMatches: 'nope' } }), await (await bucket.get(key))!.text()]
    },
    [null, 'old'],
  )
  parity(
    'a put that creates, and never overwrites',
    async ({ bucket, key }) => {
      const put = () => bucket.put(key, 'x', { onlyIf: { etagDoesNotMatch: '*' } })
      return [(await put()) === null, (await put()) === null]
    },
    [false, true],
  )
  parity('an unsatisfiable range is told after a failed condition', async ({ bucket, key }) => {
    await bucket.put(key, 'x')
    return shown(await bucket.get(key, { onlyIf: { etagMatches: 'nope' }, range: { offset: 50 } }))
  })
  parity(
    'a tag in quotes is a TypeError',
    async ({ bucket, key }) => [
      await failure(() => bucket.get(key, { onlyIf: { etagMatches: '"a"' } })),
      await failure(() => bucket.get(key, { onlyIf: { etagDoesNotMatch: '"b,c"' } })),
      await failure(() => bucket.put(key, 'x', { onlyIf: { etagMatches: '""' } })),
    ],
    [
      'TypeError: Conditional ETag should not be wrapped in quotes ("a").',
      'TypeError: Conditional ETag should not be wrapped in quotes ("b,c").',
      'TypeError: Conditional ETag should not be wrapped in quotes ("").',
    ],
  )
  parity('half a pair of quotes is part of a tag', async ({ bucket, key }) => {
    await bucket.put(key, 'x')
    return [
      shown(await bucket.get(key, { onlyIf: { etagMatches: '"a' } })),
      shown(await bucket.get(key, { onlyIf: { etagDoesNotMatch: 'a"' } })),
    ]
  })
  const headers: [string, (object: R2Object) => Record<string, string>][] = [
    ['If-Match that does', ({ httpEtag }) => ({ 'if-match': httpEtag })],
    ['If-Match that does not', () => ({ 'if-match': '"nope"' })],
    ['If-Match *', () => ({ 'if-match': '*' })],
    ['If-Match of a list', ({ httpEtag }) => ({ 'if-match': `"a", ${httpEtag} , "c"` })],
    ['If-Match of a list with holes', ({ httpEtag }) => ({ 'if-match': `,, "a",, ${httpEtag},` })],
    ['If-Match of a weak tag', ({ httpEtag }) => ({ 'if-match': `W/${httpEtag}` })],
    ['If-None-Match that matches', ({ httpEtag }) => ({ 'if-none-match': httpEtag })],
    ['If-None-Match of a weak tag', ({ httpEtag }) => ({ 'if-none-match': `W/${httpEtag}` })],
    ['If-None-Match of a list of weak tags', ({ httpEtag }) => ({ 'if-none-match': `W/"x,y", W/${httpEtag}` })],
    ['If-None-Match *', () => ({ 'if-none-match': '*' })],
    ['If-None-Match of a list with a wildcard', () => ({ 'if-none-match': '"a", *' })],
    ['If-None-Match that does not match', () => ({ 'if-none-match': '"nope"' })],
    ['If-Modified-Since the past', () => ({ 'if-modified-since': new Date(0).toUTCString() })],
    ['If-Modified-Since the future', () => ({ 'if-modified-since': new Date(Date.now() + HOUR).toUTCString() })],
    ['If-Modified-Since the time of the object', ({ uploaded }) => ({ 'if-modified-since': uploaded.toUTCString() })],
    ['If-Unmodified-Since the time of the object', ({ uploaded }) => ({ 'if-unmodified-since': uploaded.toUTCString() })],
    ['If-Unmodified-Since the past', () => ({ 'if-unmodified-since': new Date(0).toUTCString() })],
    ['If-Unmodified-Since the future', () => ({ 'if-unmodified-since': new Date(Date.now() + HOUR).toUTCString() })],
    [
      'If-Match rescues If-Unmodified-Since',
      ({ httpEtag }) => ({ 'if-match': httpEtag, 'if-unmodified-since': new Date(0).toUTCString() }),
    ],
    ['no conditional header', () => ({ range: 'bytes=0-0' })],
    ['an unclosed quote', () => ({ 'if-match': '"abc' })],
    ['a second unclosed quote', () => ({ 'if-match': '"a", "b' })],
    ['a weak tag without a slash', () => ({ 'if-none-match': 'W"abc"' })],
    ['a weak tag with a space', () => ({ 'if-none-match': 'W/ "abc"' })],
    ['two tags without a comma', () => ({ 'if-match': '"a" "b"' })],
    ['a weak tag without a comma', () => ({ 'if-match': '"a" W/"b"' })],
    ['a wildcard without a comma', () => ({ 'if-match': '"a" *' })],
    ['words after a tag', () => ({ 'if-none-match': '"a" b' })],
    ['words before a tag', () => ({ 'if-none-match': 'a "b"' })],
  ]
  const tags = [
    'Wx, *',
    'abc',
    '',
    ' ',
    ',',
    'abc, "b"',
    '"a" b, "c"',
    '"a", b',
    '"a", b, "c"',
    'x*',
    '"a",*',
    '"a", x*',
    '*, "a"',
    '* "a"',
    '*x',
    'W',
    'W/',
    'W/"',
    'w/"a"',
    'W, "a"',
    'aW/"b"',
    '"a"W/"b"',
    '"a"b"c"',
    '"a"*',
    '"W"',
    '"a*b"',
    '"a", Wb',
    '"a" Wb',
    '"',
    '""',
    '"a",,,',
    '\t"a"\t',
    '"a" W, "b"',
    'a"b"',
    '"a,b"',
    '"a" "',
  ]
  for (const tag of tags) {
    parity(`the list of tags ${JSON.stringify(tag)}`, async ({ bucket, key }) => [
      await seen(bucket, key, (await twice(bucket, key)) && new Headers({ 'if-match': tag })),
      await seen(bucket, key, new Headers({ 'if-none-match': tag })),
    ])
  }
  for (const date of [
    'junk',
    '',
    '2020-01-01',
    '0',
    '1577836800000',
    'Wed, 01 Jan 2020 00:00:00 GMT',
    'Wednesday, 01-Jan-20 00:00:00 GMT',
  ]) {
    parity(`the date ${JSON.stringify(date)} in a header`, async ({ bucket, key }) => [
      await seen(bucket, key, (await twice(bucket, key)) && new Headers({ 'if-modified-since': date })),
      await seen(bucket, key, new Headers({ 'if-unmodified-since': date })),
      (await bucket.put(key, 'x', { httpMetadata: new Headers({ expires: date }) }))!.httpMetadata!.cacheExpiry,
    ])
  }
  parity('dates that are none', async ({ bucket, key }) => {
    await bucket.put(key, 'x')
    const dates = [new Date(Number.NaN), '2020-01-01', 5, true, {}].map(bad<Date>)
    const outcome = (work: Promise<unknown>) => work.then((object) => 'body' in (object as object), String)
    return [
      await Promise.all(dates.map((uploadedBefore) => outcome(bucket.get(key, { onlyIf: { uploadedBefore } })))),
      await Promise.all(dates.map((uploadedAfter) => outcome(bucket.get(key, { onlyIf: { uploadedAfter } })))),
      await failure(() => bucket.put(key, 'x', { httpMetadata: { cacheExpiry: bad('2030-01-01') } })),
    ]
  })
  parity('options that are null are none', async ({ bucket, key }) => {
    await bucket.put(key, 'x', bad(null))
    return [await read(await bucket.get(key, bad(null))), await read(await bucket.get(key, bad({ onlyIf: null, range: null })))]
  })
  for (const [name, make] of headers) {
    parity(`${name}, of an object that is there`, async ({ bucket, key }) => seen(bucket, key, new Headers(make(await twice(bucket, key)))))
    parity(`${name}, of an object that is not there`, async ({ bucket, key }) =>
      seen(bucket, key, new Headers(make((await bucket.put(`${key}-other`, 'other'))!))),
    )
  }
})

describe('list', () => {
  const KEYS = ['a', 'a/1', 'a/2', 'a/b/3', 'a0', 'b', 'b/', 'b/x', 'c', 'ä', '✓', '😀', '\uffee']
  const fill = async (bucket: R2Bucket, key: string, keys: readonly string[] = KEYS) => {
    const prefix = `${key}/`
    await Promise.all(
      keys.map((name) => bucket.put(prefix + name, name, { httpMetadata: { contentType: 'a/b' }, customMetadata: { name } })),
    )
    return prefix
  }
  /** Every page, in order. */
  const pages = async (bucket: R2Bucket, options: R2ListOptions) => {
    const all = []
    let cursor: string | undefined
    do {
      const listed: R2Objects = await bucket.list({ ...options, cursor })
      all.push(page(listed))
      cursor = listed.truncated ? listed.cursor : undefined
    } while (cursor !== undefined && all.length < 50)
    return all
  }
  const options: [string, (prefix: string) => R2ListOptions][] = [
    ['a prefix', (prefix) => ({ prefix })],
    ['a longer prefix', (prefix) => ({ prefix: `${prefix}a` })],
    ['a prefix that is a key', (prefix) => ({ prefix: `${prefix}a/1` })],
    ['a prefix of nothing', (prefix) => ({ prefix: `${prefix}zzz` })],
    ['a delimiter', (prefix) => ({ prefix, delimiter: '/' })],
    ['an empty delimiter', (prefix) => ({ prefix, delimiter: '' })],
    ['a longer delimiter', (prefix) => ({ prefix, delimiter: '/b' })],
    ['a delimiter below a prefix', (prefix) => ({ prefix: `${prefix}a/`, delimiter: '/' })],
    ['startAfter', (prefix) => ({ prefix, startAfter: `${prefix}a/1` })],
    ['startAfter between keys', (prefix) => ({ prefix, startAfter: `${prefix}a/11` })],
    ['startAfter behind everything', (prefix) => ({ prefix, startAfter: `${prefix}\u{10ffff}` })],
    ['startAfter before the prefix', (prefix) => ({ prefix, startAfter: 'a' })],
    ['startAfter inside a delimited prefix', (prefix) => ({ prefix, delimiter: '/', startAfter: `${prefix}a/1` })],
    ['startAfter at a delimited prefix', (prefix) => ({ prefix, delimiter: '/', startAfter: `${prefix}a/` })],
    ['a limit of one', (prefix) => ({ prefix, limit: 1 })],
    ['a limit of two with a delimiter', (prefix) => ({ prefix, delimiter: '/', limit: 2 })],
    ['a limit of all', (prefix) => ({ prefix, limit: KEYS.length })],
    ['a limit of all but one', (prefix) => ({ prefix, limit: KEYS.length - 1 })],
    ['a broken limit', (prefix) => ({ prefix, limit: 2.9 })],
    ['the greatest limit', (prefix) => ({ prefix, limit: 1000 })],
    ['absent options', (prefix) => ({ prefix, limit: undefined, delimiter: undefined, startAfter: undefined, cursor: undefined })],
    ['an empty include', (prefix) => ({ prefix, include: [] })],
  ]
  for (const [name, make] of options) {
    parity(`${name}, page by page`, async ({ bucket, key }) => pages(bucket, make(await fill(bucket, key))))
  }
  parity('a cursor goes on where startAfter was', async ({ bucket, key }) => {
    const prefix = await fill(bucket, key)
    return pages(bucket, { prefix, startAfter: `${prefix}a/2`, limit: 3 })
  })
  parity('a cursor outlives the key it stands at', async ({ bucket, key }) => {
    const prefix = await fill(bucket, key)
    const first = (await bucket.list({ prefix, limit: 3 })) as R2Objects & { cursor: string }
    await bucket.delete(first.objects[2]!.key)
    return page(await bucket.list({ prefix, cursor: first.cursor }))
  })
  parity('an object of a listing has everything but its range and its metadata', async ({ bucket, key }) => {
    await bucket.put(key, 'listed', { sha256: await digest('SHA-256', 'listed') })
    const { httpMetadata: _, customMetadata: __, ...rest } = shown((await bucket.list({ prefix: key })).objects[0])!
    return rest
  })
  for (const include of [
    ['httpMetadata'],
    ['customMetadata'],
    ['httpMetadata', 'customMetadata'],
    ['customMetadata', 'customMetadata'],
  ] as const) {
    parity(`include ${include} gives it`, async ({ bucket, key }) => {
      const prefix = await fill(bucket, key)
      const { objects } = await bucket.list({ prefix, include: [...include] })
      return objects.map((object) => include.map((name) => [object.key, object[name as 'httpMetadata']]))
    })
  }
  parity('pages that include metadata hold a hundred at most', async ({ bucket, key }) => {
    const keys = Array.from({ length: 130 }, (_, index) => String(index).padStart(3, '0'))
    const prefix = await fill(bucket, key, keys)
    const sizes = async (list: R2ListOptions) => {
      const listed = await bucket.list({ prefix, ...list })
      return [listed.objects.length, listed.truncated]
    }
    return [
      await sizes({}),
      await sizes({ include: ['httpMetadata'] }),
      await sizes({ include: ['customMetadata'], limit: 20 }),
      await sizes({ limit: 1000, include: ['customMetadata'] }),
    ]
  })
  for (const limit of [0, -2, 1001, 2 ** 31 - 1, 0.5, Number.NaN, bad<number>('x'), bad<number>(null)]) {
    parity(
      `a limit of ${limit} is refused`,
      ({ bucket }) => failure(() => bucket.list({ limit })),
      'Error: list: MaxKeys params must be positive integer <= 1000. (10022)',
    )
  }
  parity(
    'an unknown include is a RangeError',
    ({ bucket }) => failure(() => bucket.list({ include: bad(['httpMetadata', 'etag']) })),
    'RangeError: Unsupported include value etag',
  )
  parity('a listing prints as JSON', async ({ bucket, key }) => Object.keys(JSON.parse(JSON.stringify(await bucket.list({ prefix: key })))))
  differs(
    'metadata that was not asked for',
    'R2 leaves it out, and writeHttpMetadata says so; the local server answers {}',
    async ({ bucket, key }) => {
      await bucket.put(key, 'x', { httpMetadata: { contentType: 'a/b' }, customMetadata: { a: 'b' } })
      const [object] = (await bucket.list({ prefix: key })).objects
      const write = async () => object!.writeHttpMetadata(new Headers())
      return [object!.customMetadata, await write().catch((error) => String(error).replace(key, '<key>'))]
    },
    {
      r2: [{}, undefined],
      cairn: [
        undefined,
        "TypeError: HTTP metadata unknown for key `<key>`. Did you forget to add 'httpMetadata' to `include` when listing?",
      ],
    },
  )
  differs(
    'a cursor that nobody gave',
    'R2 refuses it since 2022; the local server starts somewhere',
    async ({ bucket, key }) => bucket.list({ prefix: key, cursor: '!' }).then(page, String),
    {
      r2: { keys: [], delimitedPrefixes: [], truncated: false, cursor: 'undefined' },
      cairn: 'Error: list: The continuation token provided is incorrect (10029)',
    },
  )
  differs(
    'two spellings of one Unicode text',
    'R2 holds keys that are equal after normalisation for one key; the local server compares bytes',
    async ({ bucket, key }) => {
      await bucket.put(`${key}-\u00e9`, 'one')
      await bucket.put(`${key}-e\u0301`, 'other')
      return [(await bucket.list({ prefix: key })).objects.length, await (await bucket.get(`${key}-\u00e9`))!.text()]
    },
    { r2: [2, 'one'], cairn: [1, 'other'] },
  )
})

describe('delete', () => {
  parity('one key, or nothing', async ({ bucket, key }) => {
    await bucket.put(key, 'x')
    const first = await bucket.delete(key)
    return [first, await bucket.delete(key), await bucket.head(key)]
  })
  parity('many keys, some of them missing, some twice', async ({ bucket, key }) => {
    for (const name of ['a', 'b', 'c']) await bucket.put(`${key}-${name}`, name)
    await bucket.delete([`${key}-a`, `${key}-missing`, `${key}-c`, `${key}-a`])
    return page(await bucket.list({ prefix: key }))
  })
  parity('no argument is a TypeError', ({ bucket }) => failure(() => bad<() => unknown>(bucket.delete.bind(bucket))()))
  parity('no keys', async ({ bucket }) => (await bucket.delete([])) === undefined)
  parity('one wrong key among many deletes none of them', async ({ bucket, key }) => {
    await bucket.put(key, 'x')
    return [await failure(() => bucket.delete([key, LONG_KEY])), (await bucket.head(key))?.size]
  })
  parity('a thousand keys', async ({ bucket, key }) => {
    await bucket.put(`${key}-500`, 'x')
    await bucket.delete(Array.from({ length: 1000 }, (_, index) => `${key}-${index}`))
    return bucket.head(`${key}-500`)
  })
  parity('values that are no strings', async ({ bucket, key }) => {
    await bucket.put('18', key)
    await bucket.delete(bad(18))
    await bucket.put('19', key)
    await bucket.delete(bad([19]))
    return [await bucket.head('18'), await bucket.head('19')]
  })
})

describe('multipart uploads', () => {
  const first = new Uint8Array(PART).fill(1)
  parity('make an object of their parts', async ({ bucket, key }) => {
    const upload = await bucket.createMultipartUpload(key, { httpMetadata: { contentType: 'a/b' }, customMetadata: { a: 'b' } })
    const parts = [await upload.uploadPart(1, first), await upload.uploadPart(2, 'the end')]
    const before = await bucket.head(key)
    const completed = shown(await upload.complete(parts))
    const got = await bucket.get(key, { range: { offset: PART - 2 } })
    return [
      upload.key === key,
      typeof upload.uploadId,
      parts.map((part) => [Object.keys(part), part.partNumber, typeof part.etag]),
      before,
      completed,
      shown(await bucket.head(key)),
      got!.range,
      [...(await got!.bytes())],
    ]
  })
  parity('go on in another place', async ({ bucket, key }) => {
    const { uploadId } = await bucket.createMultipartUpload(key)
    const resumed = bucket.resumeMultipartUpload(key, uploadId)
    const part = await resumed.uploadPart(1, fixed('resumed'))
    const completed = await bucket.resumeMultipartUpload(key, uploadId).complete([part])
    return [resumed.key === key, resumed.uploadId === uploadId, shown(completed), await (await bucket.get(key))!.text()]
  })
  const bodies: [string, () => unknown][] = [
    ['text', () => 'text'],
    ['an empty text', () => ''],
    ['bytes', () => utf8.encode('bytes')],
    ['a buffer', () => utf8.encode('buffer').buffer],
    ['a Blob', () => new Blob(['blob'])],
    ['a stream', () => fixed('stream')],
    ["a response's body", () => new Response('body').body],
    ['null', () => null],
    ['nothing', () => undefined],
    ['a number', () => 7],
    ['a stream of unknown length', () => handmade()],
  ]
  for (const [name, body] of bodies) {
    parity(`take ${name} for a part`, async ({ bucket, key }) => {
      const upload = await bucket.createMultipartUpload(key)
      const part = await upload.uploadPart(1, bad(body())).catch((error) => String(error))
      return typeof part === 'string' ? part : [shown(await upload.complete([part])), await (await bucket.get(key))!.text()]
    })
  }
  parity('check the number of a part', async ({ bucket, key }) => {
    const upload = await bucket.createMultipartUpload(key)
    const numbers = [0, -1, 10_001, 1.5, 'x', null, undefined, Number.NaN, 1e6, '3'].map(bad<number>)
    const part = (number: number) => upload.uploadPart(number, 'x').then(({ partNumber }) => partNumber, String)
    const completion = (partNumber: number) => upload.complete([{ partNumber, etag: 'x' }]).then(() => 'completed', String)
    return [await Promise.all(numbers.map(part)), await Promise.all([0, -1, 10_001].map(completion))]
  })
  parity('replace a part of the same number', async ({ bucket, key }) => {
    const upload = await bucket.createMultipartUpload(key)
    const old = await upload.uploadPart(1, 'old')
    const part = await upload.uploadPart(1, 'new')
    return [await failure(() => upload.complete([old])), shown(await upload.complete([part])), await (await bucket.get(key))!.text()]
  })
  parity('may leave out parts, and have gaps', async ({ bucket, key }) => {
    const upload = await bucket.createMultipartUpload(key)
    await upload.uploadPart(3, 'left out')
    const parts = [await upload.uploadPart(5, first), await upload.uploadPart(10_000, 'last')]
    return shown(await upload.complete(parts))
  })
  parity('may be of no parts', async ({ bucket, key }) => {
    const upload = await bucket.createMultipartUpload(key)
    await upload.uploadPart(1, 'not listed')
    return [shown(await upload.complete([])), await read(await bucket.get(key))]
  })
  parity('sort their parts', async ({ bucket, key }) => {
    const upload = await bucket.createMultipartUpload(key)
    const [one, two] = [await upload.uploadPart(1, first), await upload.uploadPart(2, new Uint8Array(PART).fill(2))]
    const { etag, size } = await upload.complete([two, one])
    return [etag, size, [...(await (await bucket.get(key, { range: { offset: PART - 1, length: 2 } }))!.bytes())]]
  })
  parity('refuse a missing part, and one with another ETag', async ({ bucket, key }) => {
    const upload = await bucket.createMultipartUpload(key)
    const part = await upload.uploadPart(1, 'x')
    return [
      await failure(() => upload.complete([{ partNumber: 2, etag: part.etag }])),
      await failure(() => upload.complete([{ partNumber: 1, etag: 'other' }])),
      await failure(() => upload.complete([bad({ partNumber: 1 })])),
      await failure(() => upload.complete(bad('parts'))),
      await failure(() => upload.complete(bad(undefined))),
      (await upload.complete([part])).size,
    ]
  })
  parity(
    'refuse a part that is listed twice',
    async ({ bucket, key }) => {
      const upload = await bucket.createMultipartUpload(key)
      const part = await upload.uploadPart(1, 'x')
      return failure(() => upload.complete([part, part]))
    },
    'Error: completeMultipartUpload: We encountered an internal error. Please try again. (10001)',
  )
  parity(
    'refuse a small part before the last',
    async ({ bucket, key }) => {
      const upload = await bucket.createMultipartUpload(key)
      const parts = [await upload.uploadPart(1, 'small'), await upload.uploadPart(2, 'last')]
      return failure(() => upload.complete(parts))
    },
    'Error: completeMultipartUpload: Your proposed upload is smaller than the minimum allowed object size. (10011)',
  )
  parity('are over once they are completed', async ({ bucket, key }) => {
    const upload = await bucket.createMultipartUpload(key)
    const part = await upload.uploadPart(1, 'x')
    await upload.complete([part])
    return [
      await failure(() => upload.complete([part])),
      await failure(() => upload.uploadPart(2, 'x')),
      await upload.abort(),
      (await bucket.head(key))?.size,
    ]
  })
  parity('are over once they are aborted', async ({ bucket, key }) => {
    const upload = await bucket.createMultipartUpload(key)
    const part = await upload.uploadPart(1, 'x')
    await upload.abort()
    return [
      await failure(() => upload.complete([part])),
      await failure(() => upload.uploadPart(2, 'x')),
      await upload.abort(),
      await bucket.head(key),
    ]
  })
  parity('that never were are found out by using them', async ({ bucket, key }) => {
    const upload = bucket.resumeMultipartUpload(key, 'never')
    return [
      [upload.key === key, upload.uploadId],
      await failure(() => upload.uploadPart(1, 'x')),
      await failure(() => upload.complete([])),
      await failure(() => upload.complete([{ partNumber: 1, etag: 'x' }])),
      await failure(() => upload.abort()),
    ]
  })
  parity('belong to their key', async ({ bucket, key }) => {
    const { uploadId } = await bucket.createMultipartUpload(key)
    const other = bucket.resumeMultipartUpload(`${key}-other`, uploadId)
    return [await failure(() => other.uploadPart(1, 'x')), await failure(() => other.complete([])), await failure(() => other.abort())]
  })
  parity('replace an object, and are not listed before', async ({ bucket, key }) => {
    await bucket.put(key, 'old', { customMetadata: { old: 'yes' } })
    const upload = await bucket.createMultipartUpload(key)
    const part = await upload.uploadPart(1, 'new')
    const before = await (await bucket.get(key))!.text()
    await upload.complete([part])
    return [before, await read(await bucket.get(key)), page(await bucket.list({ prefix: key }))]
  })
  parity('make objects that conditions know', async ({ bucket, key }) => {
    const upload = await bucket.createMultipartUpload(key)
    const { etag, httpEtag } = await upload.complete([await upload.uploadPart(1, 'x')])
    const got = await bucket.get(key, { onlyIf: { etagMatches: etag } })
    const not = await bucket.get(key, { onlyIf: new Headers({ 'if-none-match': httpEtag }) })
    return [etag, shown(got), shown(not), JSON.stringify(got!.checksums)]
  })
  parity('have these members', async ({ bucket, key }) => {
    const upload = await bucket.createMultipartUpload(key)
    return [Object.keys(upload).sort(), ['uploadPart', 'abort', 'complete'].map((name) => name in upload)]
  })
  differs(
    'parts of different sizes',
    'an allowance: with R2_STRICT=true Cairn answers as R2',
    async ({ bucket, key }) => {
      const upload = await bucket.createMultipartUpload(key)
      const parts = [await upload.uploadPart(1, first), await upload.uploadPart(2, new Uint8Array(PART + 1))]
      return upload.complete(parts).then(({ size }) => size, String)
    },
    { r2: 'Error: completeMultipartUpload: There was a problem with the multipart upload. (10048)', cairn: 2 * PART + 1 },
  )
  differs(
    'a small last part that is listed first',
    'parts are sorted before their sizes are looked at, so that any order is as good as another',
    async ({ bucket, key }) => {
      const upload = await bucket.createMultipartUpload(key)
      const parts = [await upload.uploadPart(2, 'last'), await upload.uploadPart(1, first)]
      return upload.complete(parts).then(({ size }) => size, String)
    },
    {
      r2: 'Error: completeMultipartUpload: Your proposed upload is smaller than the minimum allowed object size. (10011)',
      cairn: PART + 4,
    },
  )
})

describe("customers' keys, as they are checked before a call", () => {
  const keys: [string, unknown][] = [
    ['text that is no hex', 'xyz'],
    ['the empty text', ''],
    ['uppercase hex', 'AB'.repeat(32)],
    ['short hex', 'ab'.repeat(31)],
    ['long hex', 'ab'.repeat(33)],
    ['few bytes', new ArrayBuffer(31)],
    ['many bytes', new ArrayBuffer(33)],
  ]
  for (const [name, ssecKey] of keys) {
    parity(`${name} is refused by every method`, async ({ bucket, key }) => [
      await failure(() => bucket.get(key, { ssecKey: bad(ssecKey) })),
      await failure(() => bucket.put(key, 'x', { ssecKey: bad(ssecKey) })),
      await failure(() => bucket.createMultipartUpload(key, { ssecKey: bad(ssecKey) })),
      await failure(() => bucket.resumeMultipartUpload(key, 'x').uploadPart(1, 'x', { ssecKey: bad(ssecKey) })),
    ])
  }
})
