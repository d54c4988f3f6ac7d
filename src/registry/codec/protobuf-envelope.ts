import { ProtobufError, ProtobufReader, wireBytes } from './protobuf-reader.ts'
import { ProtobufWriter } from './protobuf-writer.ts'

/**
 * What Kubernetes puts around every object in protobuf: four magic bytes, then runtime.Unknown
 * {1: typeMeta {1: apiVersion, 2: kind}, 2: raw, 3: contentEncoding, 4: contentType}.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
 */
export interface Envelope {
  /** Empty when the sender left it to the URL. */
  readonly apiVersion: string
  readonly kind: string
  /** A view of the message. */
  readonly raw: Uint8Array
}

const magic = Uint8Array.of(0x6b, 0x38, 0x73, 0x00)

export function isEnvelope(bytes: Uint8Array): boolean {
  return magic.every((byte, index) => bytes[index] === byte)
}

export function decodeEnvelope(bytes: Uint8Array): Envelope {
  if (bytes.length === 0) throw new ProtobufError('empty data')
  if (!isEnvelope(bytes)) {
    throw new ProtobufError('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]')
  }
  if (bytes.length === magic.length) throw new ProtobufError('empty body')
  const fields = readByteFields(bytes.subarray(magic.length))
  const type = readByteFields(fields.get(1) ?? new Uint8Array())
  const text = (number: number): string => Buffer.from(type.get(number) ?? []).toString('utf8')
  return { apiVersion: text(1), kind: text(2), raw: fields.get(2) ?? new Uint8Array() }
}

function readByteFields(bytes: Uint8Array): Map<number, Uint8Array> {
  const reader = new ProtobufReader(bytes)
  const fields = new Map<number, Uint8Array>()
  while (reader.position < reader.length) {
    const tag = reader.tag()
    if ((tag & 7) === wireBytes) fields.set(tag >>> 3, reader.bytes())
    else reader.skipField(tag & 7)
  }
  return fields
}

/** The bytes of an envelope around the message that `writeMessage` writes. */
export function encodeEnvelope(
  apiVersion: string,
  kind: string,
  writeMessage: (writer: ProtobufWriter) => void,
): Uint8Array {
  const writer = new ProtobufWriter()
  // Go writes contentEncoding and contentType even when they are empty.
  writer.string('')
  writer.tag(4, wireBytes)
  writer.string('')
  writer.tag(3, wireBytes)
  const messageEnd = writer.length
  writeMessage(writer)
  writer.lengthSince(messageEnd)
  writer.tag(2, wireBytes)
  const typeEnd = writer.length
  writer.string(kind)
  writer.tag(2, wireBytes)
  writer.string(apiVersion)
  writer.tag(1, wireBytes)
  writer.lengthSince(typeEnd)
  writer.tag(1, wireBytes)
  writer.raw(magic)
  return writer.finish()
}
