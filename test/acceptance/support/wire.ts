import { request } from 'node:http'
import { connect } from 'node:net'
import { inject } from 'vitest'
import type { Connection } from './server.ts'
import { signHeaders, type ToSign } from './sigv4.ts'

// Requests exactly as written: no client between the test and the socket that would mend them.

export interface Answer {
  readonly status: number
  /** By lowercase name. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly text: string
}

export interface ToSend {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly server?: Connection
}

/** One request to the server's address, whatever its Host header says. A body gets its `Content-Length`, nothing else is added. */
export function send(target: string, { method = 'GET', headers = {}, body, server = inject('server') }: ToSend = {}): Promise<Answer> {
  const { hostname, port, host } = new URL(server.endpoint)
  return new Promise((resolve, reject) => {
    const all = { host, 'accept-encoding': 'identity', ...headers }
    const outgoing = request({ hostname, port, method, path: target, headers: all, setHost: false, agent: false }, (incoming) => {
      const pieces: Buffer[] = []
      incoming.on('data', (piece: Buffer) => pieces.push(piece))
      incoming.on('end', () => {
        const flat = Object.entries(incoming.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value])
        resolve({ status: incoming.statusCode!, headers: Object.fromEntries(flat), text: Buffer.concat(pieces).toString() })
      })
      incoming.on('error', reject)
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

/** {@link send} with a signature in the header. */
export function sendSigned(target: string, { body, ...toSign }: ToSign & Pick<ToSend, 'body'> = {}): Promise<Answer> {
  const { headers } = signHeaders({ ...toSign, target })
  return send(target, { method: toSign.method, headers, body, server: toSign.server })
}

/** Writes bytes to a socket, ends its sending side, and returns whatever comes back until the server closes or `limitMs` passes. */
export function sendBytes(bytes: string | Uint8Array, { server = inject('server'), limitMs = 1500 } = {}): Promise<string> {
  const { hostname, port } = new URL(server.endpoint)
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(Number(port), hostname)
    const finish = () => {
      socket.destroy()
      resolve(text)
    }
    setTimeout(finish, limitMs)
    socket.setEncoding('utf8').on('data', (piece: string) => {
      text += piece
    })
    socket.on('close', finish).on('error', finish)
    socket.end(bytes)
  })
}

/** A request head and what follows it, as {@link sendBytes} takes it. */
export const rawRequest = (method: string, target: string, headers: Record<string, string>, body = ''): string =>
  `${method} ${target} HTTP/1.1\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n${body}`

export type Refusal = readonly [status: number, code: string, message: string]

const ERROR =
  /^<\?xml version="1\.0" encoding="UTF-8"\?><Error><Code>(\w+)<\/Code><Message>([^<>"']*)<\/Message>((?:<\w+>[^<>]*<\/\w+>)*)<\/Error>$/

/** Status, code and text of an error in R2's one-line document; anything else about the answer fails the test. */
export function refusal(answer: Answer): Refusal {
  const [, code, message] = ERROR.exec(answer.text) ?? []
  if (code === undefined || message === undefined || answer.headers['content-type'] !== 'application/xml') {
    throw new Error(`Not an error of R2's form: ${answer.status} ${answer.headers['content-type']} ${answer.text.slice(0, 2000)}`)
  }
  return [answer.status, code, unescapeXml(message)]
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

export const unescapeXml = (text: string): string => text.replace(/&(\w+);/g, (found, name: string) => ENTITIES[name] ?? found)

/** The texts of all elements of a name, unescaped, in document order. */
export const textsOf = (xml: string, name: string): string[] =>
  [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, text]) => unescapeXml(text!))

export const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
export const XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
