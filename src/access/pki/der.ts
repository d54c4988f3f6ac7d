/**
 * The little of DER (ITU-T X.690) that certificates and certificate requests need. Own code because the library for it
 * costs 140 ms and 20 MiB to load, more than everything else at the hub's start.
 */
export const derTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const

/** `[n]` with content that is itself DER. */
export const contextConstructed = (n: number): number => 0xa0 | n
/** `[n]` with plain bytes. */
export const contextPrimitive = (n: number): number => 0x80 | n

export function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const length = contents.reduce((sum, content) => sum + content.length, 0)
  return Buffer.concat([Buffer.from([tag]), lengthBytes(length), ...contents])
}

function lengthBytes(length: number): Uint8Array {
  if (length < 0x80) return Buffer.from([length])
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return Buffer.from([0x80 | bytes.length, ...bytes])
}

export const sequence = (...contents: readonly Uint8Array[]): Uint8Array => der(derTag.sequence, ...contents)
export const set = (...contents: readonly Uint8Array[]): Uint8Array => der(derTag.set, ...contents)
export const octetString = (content: Uint8Array): Uint8Array => der(derTag.octetString, content)
export const utf8String = (text: string): Uint8Array => der(derTag.utf8String, Buffer.from(text, 'utf8'))
export const derTrue = der(derTag.boolean, Buffer.from([0xff]))

export function bitString(content: Uint8Array, unusedBits = 0): Uint8Array {
  return der(derTag.bitString, Buffer.from([unusedBits]), content)
}

/** A non-negative integer from its big-endian bytes. */
export function integer(bytes: Uint8Array): Uint8Array {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  const trimmed = bytes.subarray(start)
  return (trimmed[0] ?? 0) >= 0x80 ? der(derTag.integer, Buffer.from([0]), trimmed) : der(derTag.integer, trimmed)
}

/** `1.2.840.10045.2.1` */
export function objectIdentifier(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = [first * 40 + second, ...rest.flatMap(base128)]
  return der(derTag.objectIdentifier, Buffer.from(bytes))
}

function base128(value: number): number[] {
  const bytes = [value % 128]
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift(0x80 | (rest % 128))
  return bytes
}

/** UTCTime up to 2049, GeneralizedTime after it, whole seconds, as RFC 5280 (4.1.2.5) demands. */
export function time(atMs: number): Uint8Array {
  const date = new Date(atMs)
  const digits = date.toISOString().replace(/\D/g, '').slice(0, 14)
  if (date.getUTCFullYear() >= 2050) return der(derTag.generalizedTime, Buffer.from(`${digits}Z`))
  return der(derTag.utcTime, Buffer.from(`${digits.slice(2)}Z`))
}

/** One element of somebody else's DER. */
export interface DerElement {
  readonly tag: number
  readonly content: Uint8Array
  /** Tag, length and content. */
  readonly whole: Uint8Array
}

export class DerError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'DerError'
  }
}

/** Walks through elements that lie one behind the other; throws DerError for what is cut off or malformed. */
export class DerReader {
  readonly #bytes: Uint8Array
  #position = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#bytes.length
  }

  next(expectedTag?: number): DerElement {
    const start = this.#position
    const tag = this.#byte()
    if ((tag & 0x1f) === 0x1f) throw new DerError('tags of several bytes are not supported')
    if (expectedTag !== undefined && tag !== expectedTag)
      throw new DerError(`expected tag ${expectedTag}, found ${tag}`)
    const length = this.#length()
    const end = this.#position + length
    if (end > this.#bytes.length) throw new DerError('an element ends behind the end of the data')
    const content = this.#bytes.subarray(this.#position, end)
    this.#position = end
    return { tag, content, whole: this.#bytes.subarray(start, end) }
  }

  end(): void {
    if (!this.isAtEnd) throw new DerError('there is data behind the last element')
  }

  #byte(): number {
    const byte = this.#bytes[this.#position++]
    if (byte === undefined) throw new DerError('the data ends in the middle of an element')
    return byte
  }

  #length(): number {
    const first = this.#byte()
    if (first < 0x80) return first
    const count = first & 0x7f
    if (count === 0 || count > 3) throw new DerError('an element has a length that is not supported')
    let length = 0
    for (let index = 0; index < count; index++) length = length * 256 + this.#byte()
    if (length < 0x80 || (count > 1 && length < 256 ** (count - 1)))
      throw new DerError('a length is not in its shortest form')
    return length
  }
}

/** The dotted form; throws DerError. */
export function readObjectIdentifier(content: Uint8Array): string {
  const parts: number[] = []
  let value = 0
  for (const [index, byte] of content.entries()) {
    value = value * 128 + (byte & 0x7f)
    if (!Number.isSafeInteger(value)) throw new DerError('an object identifier is too large')
    if (byte >= 0x80) {
      if (index === content.length - 1) throw new DerError('an object identifier is cut off')
      continue
    }
    if (parts.length === 0)
      parts.push(Math.min(2, Math.floor(value / 40)), value - Math.min(2, Math.floor(value / 40)) * 40)
    else parts.push(value)
    value = 0
  }
  if (parts.length === 0) throw new DerError('an object identifier is empty')
  return parts.join('.')
}

/** Text of the string types that names use; throws DerError for others and for malformed UTF-8. */
export function readText({ tag, content }: DerElement): string {
  if (tag !== derTag.utf8String && tag !== derTag.printableString && tag !== derTag.ia5String)
    throw new DerError(`a name has a value of type ${tag}`)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content)
  } catch {
    throw new DerError('a name is not well-formed UTF-8')
  }
}

export type PemLabel = 'CERTIFICATE' | 'CERTIFICATE REQUEST' | 'PRIVATE KEY'

export function toPem(label: PemLabel, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

/** The first block with that label; undefined when there is none. */
export function fromPem(label: PemLabel, pem: string): Uint8Array | undefined {
  const begin = `-----BEGIN ${label}-----`
  const start = pem.indexOf(begin)
  const end = pem.indexOf(`-----END ${label}-----`, start + begin.length)
  if (start < 0 || end < 0) return undefined
  return Buffer.from(pem.slice(start + begin.length, end), 'base64')
}
