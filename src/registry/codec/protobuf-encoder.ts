import { parseDuration } from '../../meta/duration.ts'
import { parseInt64 } from '../../meta/int64.ts'
import { stringifyJson } from '../../meta/json.ts'
import type { Json, JsonObject } from '../../meta/object.ts'
import { canonicalQuantity } from '../../meta/quantity.ts'
import { parseTime } from '../../meta/time.ts'
import { wireBytes, wireFixed64, wireVarint } from './protobuf-reader.ts'
import type { FieldPlan, MessagePlan } from './protobuf-schema.ts'
import type { ProtobufWriter } from './protobuf-writer.ts'

/**
 * Writes one message from the JSON of an object, with the bytes that Go would write: plain fields even when they are zero,
 * map keys in order. Fields that the message does not know are left out. The object has been validated: a value of a wrong
 * type is our own mistake and throws TypeError.
 */
export function encodeMessage(writer: ProtobufWriter, plan: MessagePlan, object: JsonObject): void {
  const fields = [...plan.fields.values()]
  for (let index = fields.length - 1; index >= 0; index--) {
    const field = fields[index]
    if (field) encodeField(writer, field, field.shape === 'inline' ? object : own(object, field.name))
  }
}

function own(object: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

function encodeField(writer: ProtobufWriter, field: FieldPlan, value: Json | undefined): void {
  const isSet = value !== undefined && value !== null
  switch (field.shape) {
    case 'repeated':
      if (isSet) encodeList(writer, field, value)
      return
    case 'map':
      if (isSet) encodeMap(writer, field, value)
      return
    case 'pointer':
      if (isSet) encodeTagged(writer, field, field.number, value)
      return
    default:
      // Absent bytes and lists of strings are nil, which is not on the wire.
      if (isSet || (field.type !== 'y' && field.type !== 'w')) encodeTagged(writer, field, field.number, value ?? null)
  }
}

function encodeList(writer: ProtobufWriter, field: FieldPlan, value: Json): void {
  const items = asArray(field, value)
  for (let index = items.length - 1; index >= 0; index--) {
    encodeTagged(writer, field, field.number, items[index] ?? null)
  }
}

function encodeMap(writer: ProtobufWriter, field: FieldPlan, value: Json): void {
  const map = asObject(field, value)
  for (const key of Object.keys(map).sort(compareUtf8).reverse()) {
    const end = writer.length
    const item = own(map, key) ?? null
    if (item !== null || field.type !== 'y') encodeTagged(writer, field, 2, item)
    writer.string(key)
    writer.tag(1, wireBytes)
    writer.lengthSince(end)
    writer.tag(field.number, wireBytes)
  }
}

/** Go sorts bytes; UTF-16 units sort differently only where surrogates meet the characters above them. */
function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function encodeTagged(writer: ProtobufWriter, field: FieldPlan, number: number, value: Json): void {
  writer.tag(number, encodeValue(writer, field, value))
}

// Answers with the wire type of what it wrote. Null is the zero value.
function encodeValue(writer: ProtobufWriter, field: FieldPlan, value: Json): number {
  switch (field.type) {
    case 's':
      writer.string(asString(field, value))
      return wireBytes
    case 'b':
      writer.varint(asBoolean(field, value) ? 1 : 0)
      return wireVarint
    case 'i':
    case 'l':
      writer.int64(asInteger(field, value))
      return wireVarint
    case 'd':
      writer.double(Number(asNumber(field, value)))
      return wireFixed64
    case 'y': {
      const bytes = Buffer.from(asString(field, value), 'base64')
      writer.raw(bytes)
      writer.varint(bytes.length)
      return wireBytes
    }
    default: {
      const end = writer.length
      encodeContent(writer, field, value)
      writer.lengthSince(end)
      return wireBytes
    }
  }
}

function encodeContent(writer: ProtobufWriter, field: FieldPlan, value: Json): void {
  switch (field.type) {
    case 'm':
      encodeMessage(writer, field.message(), value === null ? {} : asObject(field, value))
      return
    case 'q':
      writeString(writer, 1, canonicalQuantity(quantityText(field, value)))
      return
    case 'o':
      writeString(writer, 3, typeof value === 'string' ? value : '')
      writeInt64(writer, 2, typeof value === 'string' ? 0 : asInteger(field, value))
      writeInt64(writer, 1, typeof value === 'string' ? 1 : 0)
      return
    case 't':
      writeTime(writer, field, value, false)
      return
    case 'c':
      writeTime(writer, field, value, true)
      return
    case 'n':
      writeInt64(writer, 1, value === null ? 0 : parseDuration(asString(field, value)))
      return
    case 'r':
      if (value !== null) writeString(writer, 1, stringifyJson(value))
      return
    case 'w':
      writeStrings(writer, field, 1, value)
      return
    case 'B':
      if (isObject(value)) writeSchema(writer, field, 2, value)
      writer.varint(value === true || isObject(value) ? 1 : 0)
      writer.tag(1, wireVarint)
      return
    case 'A':
      writeSchemas(writer, field, value)
      return
    default:
      if (Array.isArray(value)) writeStrings(writer, field, 2, value)
      else if (value !== null) writeSchema(writer, field, 1, asObject(field, value))
  }
}

function quantityText(field: FieldPlan, value: Json): string {
  return typeof value === 'string' ? value.trim() : asNumber(field, value).toString()
}

function writeString(writer: ProtobufWriter, number: number, text: string): void {
  writer.string(text)
  writer.tag(number, wireBytes)
}

function writeInt64(writer: ProtobufWriter, number: number, value: number | bigint): void {
  writer.int64(value)
  writer.tag(number, wireVarint)
}

function writeStrings(writer: ProtobufWriter, field: FieldPlan, number: number, value: Json): void {
  const items = value === null ? [] : asArray(field, value)
  for (let index = items.length - 1; index >= 0; index--)
    writeString(writer, number, asString(field, items[index] ?? null))
}

function writeSchema(writer: ProtobufWriter, field: FieldPlan, number: number, schema: JsonObject): void {
  const end = writer.length
  encodeMessage(writer, field.message(), schema)
  writer.lengthSince(end)
  writer.tag(number, wireBytes)
}

function writeSchemas(writer: ProtobufWriter, field: FieldPlan, value: Json): void {
  if (!Array.isArray(value)) {
    if (value !== null) writeSchema(writer, field, 1, asObject(field, value))
    return
  }
  for (let index = value.length - 1; index >= 0; index--)
    writeSchema(writer, field, 2, asObject(field, value[index] ?? null))
}

/** An absent time is an empty message. Times have seconds only; MicroTimes have microseconds, in nanoseconds. */
function writeTime(writer: ProtobufWriter, field: FieldPlan, value: Json, withMicros: boolean): void {
  if (value === null) return
  const text = asString(field, value)
  const epochMs = parseTime(text)
  if (epochMs === undefined) throw wrongType(field, value)
  const seconds = Math.floor(epochMs / 1000)
  const fraction = /\.(\d{1,6})/.exec(text)?.[1] ?? '0'
  writeInt64(writer, 2, withMicros ? Number(fraction.padEnd(6, '0')) * 1000 : 0)
  writeInt64(writer, 1, seconds)
}

function wrongType(field: FieldPlan, value: Json): TypeError {
  return new TypeError(`the field ${field.name} cannot be encoded: it holds ${stringifyJson(value).slice(0, 60)}`)
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function asObject(field: FieldPlan, value: Json): JsonObject {
  if (!isObject(value)) throw wrongType(field, value)
  return value
}

function asArray(field: FieldPlan, value: Json): Json[] {
  if (!Array.isArray(value)) throw wrongType(field, value)
  return value
}

function asString(field: FieldPlan, value: Json): string {
  if (value !== null && typeof value !== 'string') throw wrongType(field, value)
  return value ?? ''
}

function asBoolean(field: FieldPlan, value: Json): boolean {
  if (value !== null && typeof value !== 'boolean') throw wrongType(field, value)
  return value ?? false
}

function asNumber(field: FieldPlan, value: Json): number | bigint {
  if (value !== null && typeof value !== 'number' && typeof value !== 'bigint') throw wrongType(field, value)
  return value ?? 0
}

function asInteger(field: FieldPlan, value: Json): number | bigint {
  const number = asNumber(field, value)
  if (typeof number === 'bigint' || Number.isSafeInteger(number)) return number
  const exact = parseInt64(String(number))
  if (exact === undefined) throw wrongType(field, value)
  return exact
}
