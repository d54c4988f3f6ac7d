/**
 * A frame is one binary WebSocket message: type (1 byte), stream (4 bytes, big endian), payload. Streams are opened by
 * either end: odd numbers by the agent, even ones by the hub.
 */
export const frameTypes = {
  /** A request: head, then the whole body. */
  open: 1,
  /** The response's head; bytes follow as `data`. */
  head: 2,
  /** A whole response in one frame. */
  whole: 3,
  data: 4,
  /** The response is complete. */
  end: 5,
  /** The reader has taken this many bytes (4 bytes, big endian). */
  credit: 6,
  /** Either end gives the stream up; the payload is a reason. */
  reset: 7,
} as const
export type FrameType = (typeof frameTypes)[keyof typeof frameTypes]

export interface Frame {
  type: FrameType
  stream: number
  payload: Uint8Array
}

/** The peer does not speak this protocol, or tries what it must not; the connection ends. */
export class FrameError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'FrameError'
  }
}

const headerBytes = 5
/** A request's body has at most 3 MiB; with its head, no honest frame is larger. */
export const maxFrameBytes = 4 * 1024 * 1024
const maxHeadBytes = 256 * 1024
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

export function encodeFrame(type: FrameType, stream: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, headerBytes))
  bytes[0] = type
  new DataView(bytes.buffer).setUint32(1, stream)
  let offset = headerBytes
  for (const part of parts) {
    bytes.set(part, offset)
    offset += part.byteLength
  }
  return bytes
}

export function decodeFrame(bytes: Uint8Array): Frame {
  if (bytes.byteLength < headerBytes) throw new FrameError('a frame is shorter than its header')
  const type = bytes[0] ?? 0
  if (type < frameTypes.open || type > frameTypes.reset) throw new FrameError(`there is no frame type ${type}`)
  const stream = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1)
  return { type: type as FrameType, stream, payload: bytes.subarray(headerBytes) }
}

export function encodeCredit(count: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, count)
  return bytes
}

export function decodeCredit(payload: Uint8Array): number {
  if (payload.byteLength !== 4) throw new FrameError('a credit has four bytes')
  return new DataView(payload.buffer, payload.byteOffset).getUint32(0)
}

/** A JSON head with its length before it, so that a body can follow in the same frame. */
export function encodeHead(head: unknown): Uint8Array {
  const text = encoder.encode(JSON.stringify(head))
  const bytes = new Uint8Array(4 + text.byteLength)
  new DataView(bytes.buffer).setUint32(0, text.byteLength)
  bytes.set(text, 4)
  return bytes
}

export function decodeHead(payload: Uint8Array): { head: Readonly<Record<string, unknown>>; body: Uint8Array } {
  if (payload.byteLength < 4) throw new FrameError('a head has no length')
  const length = new DataView(payload.buffer, payload.byteOffset).getUint32(0)
  if (length > maxHeadBytes || 4 + length > payload.byteLength) throw new FrameError('a head is longer than its frame')
  let head: unknown
  try {
    head = JSON.parse(decoder.decode(payload.subarray(4, 4 + length)))
  } catch {
    throw new FrameError('a head is not JSON')
  }
  if (typeof head !== 'object' || head === null || Array.isArray(head)) throw new FrameError('a head is not an object')
  return { head: head as Record<string, unknown>, body: payload.subarray(4 + length) }
}

export interface RequestHead {
  method: string
  url: string
  headers: Record<string, string | string[]>
}

export function toRequestHead(head: Readonly<Record<string, unknown>>): RequestHead {
  const { method, url, headers } = head
  if (typeof method !== 'string' || !/^[A-Z]{3,10}$/.test(method)) throw new FrameError('a request has no method')
  if (typeof url !== 'string' || !url.startsWith('/')) throw new FrameError('a request has no path')
  return { method, url, headers: toHeaders(headers) }
}

export interface ResponseHead {
  status: number
  headers: Record<string, string | string[]>
}

export function toResponseHead(head: Readonly<Record<string, unknown>>): ResponseHead {
  const { status, headers } = head
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 100 || status > 599)
    throw new FrameError('a response has no status')
  return { status, headers: toHeaders(headers) }
}

function toHeaders(headers: unknown): Record<string, string | string[]> {
  if (typeof headers !== 'object' || headers === null) throw new FrameError('a head has no headers')
  const entries: [string, string | string[]][] = []
  for (const [name, value] of Object.entries(headers)) {
    const isList = Array.isArray(value) && value.every((item) => typeof item === 'string')
    if (!/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name) || (typeof value !== 'string' && !isList))
      throw new FrameError('a header is not one')
    entries.push([name, value])
  }
  return Object.fromEntries(entries)
}
