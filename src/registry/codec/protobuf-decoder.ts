import { formatDuration } from '../../meta/duration.ts'
import { goQuote } from '../../meta/field-error.ts'
import { parseJson } from '../../meta/json.ts'
import type { Json, JsonObject } from '../../meta/object.ts'
import { formatQuantity, parseQuantity, QuantityError } from '../../meta/quantity.ts'
import { formatTime } from '../../meta/time.ts'
import { decodeEnvelope, isEnvelope } from './protobuf-envelope.ts'
import { ProtobufError, ProtobufReader, wireBytes, wireFixed64, wireVarint } from './protobuf-reader.ts'
import { findMessage, type FieldPlan, type MessagePlan } from './protobuf-schema.ts'

/** Messages inside messages; JSON nests at most twice as deep. Real kinds stay below 30, schemas in CRDs below 100. */
const maxDepth = 400
/** Two bytes on the wire can become an object of many fields: without a limit, 3 MiB could become gigabytes. */
const maxMessages = 200_000
/** Whole objects inside objects (a List in a WatchEvent). */
const maxEnvelopes = 4

/** The JSON of one message, exactly as Go's JSON encoding of the same object would be. Throws ProtobufError. */
export function decodeMessage(plan: MessagePlan, bytes: Uint8Array): JsonObject {
  return new MessageDecoder(bytes, 0).decode(plan)
}

class MessageDecoder {
  readonly #reader: ProtobufReader
  /** Envelopes around this message. */
  readonly #envelopes: number
  #depth = 0
  #messages = 0

  constructor(bytes: Uint8Array, envelopes: number) {
    this.#reader = new ProtobufReader(bytes)
    this.#envelopes = envelopes
  }

  decode(plan: MessagePlan): JsonObject {
    const target: JsonObject = {}
    this.#message(plan, this.#reader.length, target)
    return target
  }

  // Reads into `target`: parts of one message may come in several pieces, and inlined messages share their parent's object.
  #message(plan: MessagePlan, end: number, target: JsonObject): void {
    if (++this.#depth > maxDepth) throw new ProtobufError('exceeded max depth')
    if (++this.#messages > maxMessages) throw new ProtobufError('too many messages')
    const reader = this.#reader
    while (reader.position < end) {
      const tag = reader.tag()
      const field = plan.fields.get(tag >>> 3)
      if (field) this.#field(field, tag & 7, target)
      else reader.skipField(tag & 7)
    }
    if (reader.position > end) throw new ProtobufError('unexpected EOF')
    for (const field of plan.always) {
      if (!Object.hasOwn(target, field.name)) target[field.name] = this.#zero(field)
    }
    this.#depth--
  }

  #field(field: FieldPlan, wireType: number, target: JsonObject): void {
    const { name, shape } = field
    if (shape === 'repeated' && wireType === wireBytes && isVarint(field)) return this.#packed(field, target)
    if (wireType !== (shape === 'map' ? wireBytes : wireTypeOf(field))) {
      throw new ProtobufError(`proto: wrong wireType = ${wireType} for field ${name}`)
    }
    if (shape === 'inline') this.#message(field.message(), this.#reader.end(), target)
    else if (shape === 'map') this.#mapEntry(field, target)
    else if (shape === 'repeated') listOf(target, name).push(this.#value(field))
    else {
      const value = this.#value(field, target[name])
      if (shape === 'pointer' || field.always || !isZero(field, value)) target[name] = value
      else delete target[name]
    }
  }

  #packed(field: FieldPlan, target: JsonObject): void {
    const list = listOf(target, field.name)
    const end = this.#reader.end()
    while (this.#reader.position < end) list.push(this.#value(field))
    if (this.#reader.position > end) throw new ProtobufError('unexpected EOF')
  }

  #mapEntry(field: FieldPlan, target: JsonObject): void {
    const end = this.#reader.end()
    let key = ''
    let value: Json | undefined
    while (this.#reader.position < end) {
      const tag = this.#reader.tag()
      if (tag === ((1 << 3) | wireBytes)) key = this.#reader.string()
      else if (tag === ((2 << 3) | wireTypeOf(field))) value = this.#value(field)
      else this.#reader.skipField(tag & 7)
    }
    if (this.#reader.position > end) throw new ProtobufError('unexpected EOF')
    const map = objectOf(target[field.name])
    setOwn(map, key, value ?? this.#zeroItem(field))
    target[field.name] = map
  }

  #value(field: FieldPlan, previous?: Json): Json {
    const reader = this.#reader
    switch (field.type) {
      case 's':
        return reader.string()
      case 'b':
        return reader.bool()
      case 'i':
        return reader.int32()
      case 'l':
        return reader.int64()
      case 'd':
        return reader.double()
      case 'y':
        return reader.bytes().toString('base64')
      case 'm': {
        const target = objectOf(previous)
        this.#message(field.message(), reader.end(), target)
        return target
      }
      default:
        return this.#special(field)
    }
  }

  // Messages that JSON writes in their own way. Small, so that their fields are collected first.
  #special(field: FieldPlan): Json {
    const parts = this.#parts(field)
    switch (field.type) {
      case 'q':
        return readQuantity(parts.string(1) ?? '0')
      case 'o':
        return parts.number(1) === 1 ? (parts.string(3) ?? '') : Number(parts.number(2)) | 0
      case 't':
        return parts.isEmpty ? null : readTime(parts.number(1), undefined)
      case 'c':
        return parts.isEmpty ? null : readTime(parts.number(1), parts.number(2))
      case 'n':
        return formatDuration(BigInt(parts.number(1)))
      case 'r':
        return readRaw(parts.bytes(1), this.#envelopes)
      case 'w':
        return parts.strings(1) ?? []
      case 'B':
        return parts.message(2) ?? parts.number(1) !== 0
      case 'A':
        return parts.messages(2) ?? parts.message(1) ?? null
      default:
        return parts.strings(2) ?? parts.message(1) ?? null
    }
  }

  #parts(field: FieldPlan): Parts {
    const reader = this.#reader
    const end = reader.end()
    const parts = new Parts()
    while (reader.position < end) {
      const tag = reader.tag()
      const number = tag >>> 3
      const wireType = tag & 7
      if (wireType === wireVarint) parts.add(number, reader.int64())
      else if (wireType !== wireBytes) reader.skipField(wireType)
      else if (isSchemaPart(field, number)) parts.add(number, this.#schema(field))
      else parts.add(number, reader.bytes())
    }
    if (reader.position > end) throw new ProtobufError('unexpected EOF')
    return parts
  }

  #schema(field: FieldPlan): JsonObject {
    const target: JsonObject = {}
    this.#message(field.message(), this.#reader.end(), target)
    return target
  }

  #zero(field: FieldPlan): Json {
    return field.shape === 'plain' ? this.#zeroValue(field) : null
  }

  // In a map, bytes and lists of strings are empty where a field would be nil.
  #zeroItem(field: FieldPlan): Json {
    if (field.type === 'y') return ''
    return field.type === 'w' ? [] : this.#zeroValue(field)
  }

  #zeroValue(field: FieldPlan): Json {
    switch (field.type) {
      case 's':
        return ''
      case 'b':
        return false
      case 'i':
      case 'l':
      case 'd':
      case 'o':
        return 0
      case 'q':
        return '0'
      case 'n':
        return '0s'
      case 'm': {
        const target: JsonObject = {}
        this.#message(field.message(), this.#reader.position, target)
        return target
      }
      default:
        return null
    }
  }
}

/** The fields of a small message, as they came. */
class Parts {
  readonly #values = new Map<number, (number | bigint | Buffer | JsonObject)[]>()

  get isEmpty(): boolean {
    return this.#values.size === 0
  }

  add(number: number, value: number | bigint | Buffer | JsonObject): void {
    const values = this.#values.get(number)
    if (values) values.push(value)
    else this.#values.set(number, [value])
  }

  number(number: number): number | bigint {
    const value = this.#values.get(number)?.at(-1)
    return typeof value === 'number' || typeof value === 'bigint' ? value : 0
  }

  bytes(number: number): Buffer | undefined {
    const value = this.#values.get(number)?.at(-1)
    return Buffer.isBuffer(value) ? value : undefined
  }

  string(number: number): string | undefined {
    return this.bytes(number)?.toString('utf8')
  }

  strings(number: number): string[] | undefined {
    const values = this.#values.get(number)?.filter((value) => Buffer.isBuffer(value))
    return values?.map((value) => value.toString('utf8'))
  }

  message(number: number): JsonObject | undefined {
    return this.messages(number)?.at(-1)
  }

  messages(number: number): JsonObject[] | undefined {
    return this.#values
      .get(number)
      ?.filter((value): value is JsonObject => typeof value === 'object' && !Buffer.isBuffer(value))
  }
}

function isSchemaPart({ type }: FieldPlan, number: number): boolean {
  if (type === 'B') return number === 2
  if (type === 'A') return number <= 2
  return type === 'S' && number === 1
}

function isVarint({ type }: FieldPlan): boolean {
  return type === 'b' || type === 'i' || type === 'l'
}

function wireTypeOf(field: FieldPlan): number {
  if (isVarint(field)) return wireVarint
  return field.type === 'd' ? wireFixed64 : wireBytes
}

/** What omitempty (or omitzero) leaves out of a field that is no pointer. Structs are never empty. */
function isZero({ type }: FieldPlan, value: Json): boolean {
  if (type === 'm' || type === 'q' || type === 'o' || type === 'n') return false
  return (
    value === '' || value === false || value === 0 || value === null || (Array.isArray(value) && value.length === 0)
  )
}

function listOf(target: JsonObject, name: string): Json[] {
  const existing = target[name]
  if (Array.isArray(existing)) return existing
  const list: Json[] = []
  target[name] = list
  return list
}

function objectOf(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
}

/** Keys of maps come from outside: `__proto__` is one like others. */
function setOwn(object: JsonObject, key: string, value: Json): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
  } else object[key] = value
}

function readQuantity(text: string): string {
  try {
    return formatQuantity(parseQuantity(text))
  } catch (error) {
    if (error instanceof QuantityError) throw new ProtobufError(error.message)
    throw error
  }
}

/** Go's zero time, which JSON writes as null. */
const zeroTimeSeconds = -62_135_596_800

function readTime(seconds: number | bigint, nanos: number | bigint | undefined): string | null {
  if (typeof seconds === 'bigint' || seconds < -62_167_219_200 || seconds > 253_402_300_799) {
    throw new ProtobufError(`time out of range: ${seconds} seconds`)
  }
  const micros = nanos === undefined ? 0 : Math.trunc((Number(nanos) | 0) / 1000)
  if (seconds === zeroTimeSeconds && micros === 0) return null
  if (nanos === undefined) return formatTime(seconds * 1000)
  const carry = Math.floor(micros / 1_000_000)
  const text = formatTime((seconds + carry) * 1000).slice(0, 19)
  return `${text}.${String(micros - carry * 1_000_000).padStart(6, '0')}Z`
}

/** JSON, or an object in protobuf with its own envelope (in a WatchEvent or a List). */
function readRaw(bytes: Buffer | undefined, envelopes: number): Json {
  if (!bytes || bytes.length === 0) return null
  if (!isEnvelope(bytes)) return parseJson(bytes)
  if (envelopes >= maxEnvelopes) throw new ProtobufError('exceeded max depth')
  const { apiVersion, kind, raw } = decodeEnvelope(bytes)
  const plan = findMessage(apiVersion, kind)
  if (!plan) throw new ProtobufError(`no kind ${goQuote(kind)} is registered for version ${goQuote(apiVersion)}`)
  return { kind, apiVersion, ...new MessageDecoder(raw, envelopes + 1).decode(plan) }
}
