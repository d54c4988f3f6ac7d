import { badRequest, isApiStatusError } from '../../meta/api-errors.ts'
import { goQuote } from '../../meta/field-error.ts'
import { type GroupVersionKind, toApiVersion } from '../../meta/group-version.ts'
import type { Json, JsonObject } from '../../meta/object.ts'
import { decodeMessage } from './protobuf-decoder.ts'
import { encodeMessage } from './protobuf-encoder.ts'
import { decodeEnvelope, encodeEnvelope, isEnvelope } from './protobuf-envelope.ts'
import { ProtobufError } from './protobuf-reader.ts'
import { findMessage, type MessagePlan } from './protobuf-schema.ts'
import { ProtobufWriter } from './protobuf-writer.ts'

/**
 * `application/vnd.kubernetes.protobuf`: every built-in kind, and the options of every group, to and from JSON.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
 */
export const protobufMediaType = 'application/vnd.kubernetes.protobuf'

export const isProtobuf = isEnvelope

/** Whether objects of the kind have a protobuf form; custom resources have none. */
export function hasProtobuf(apiVersion: string, kind: string): boolean {
  return findMessage(apiVersion, kind) !== undefined
}

/**
 * The JSON of the object, as Go's JSON encoding of it would be (zero values of omitempty fields left out, structs that are
 * always shown as `{}`). `defaultGvk` counts where the envelope names no type. Throws 400.
 */
export function decodeProtobuf(bytes: Uint8Array, defaultGvk?: GroupVersionKind): JsonObject {
  try {
    const envelope = decodeEnvelope(bytes)
    const apiVersion = envelope.apiVersion || (defaultGvk ? toApiVersion(defaultGvk) : '')
    const kind = envelope.kind || (defaultGvk?.kind ?? '')
    return { kind, apiVersion, ...decodeMessage(messageOf(apiVersion, kind), envelope.raw) }
  } catch (error) {
    if (isApiStatusError(error) || !(error instanceof ProtobufError)) throw error
    throw badRequest(error.message, error)
  }
}

/** The type that the envelope names, without decoding the object; empty where it names none. Undefined when it is no envelope. */
export function readProtobufType(bytes: Uint8Array): { apiVersion: string; kind: string } | undefined {
  try {
    const { apiVersion, kind } = decodeEnvelope(bytes)
    return { apiVersion, kind }
  } catch {
    return undefined
  }
}

function messageOf(apiVersion: string, kind: string): MessagePlan {
  const plan = findMessage(apiVersion, kind)
  if (plan) return plan
  throw new ProtobufError(`no kind ${goQuote(kind)} is registered for version ${goQuote(apiVersion)}`)
}

/** The bytes that Go would write for the object, which names its apiVersion and kind. See `hasProtobuf`. */
export function encodeProtobuf(object: JsonObject): Uint8Array {
  const apiVersion = textOf(object['apiVersion'])
  const kind = textOf(object['kind'])
  const plan = messageOf(apiVersion, kind)
  return encodeEnvelope(apiVersion, kind, (writer) => encodeMessage(writer, plan, object))
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}

/** A frame of a watch (`;stream=watch`): four bytes of length and a WatchEvent around the object's own envelope. */
export function encodeWatchFrame(type: string, object: JsonObject): Uint8Array {
  const writer = new ProtobufWriter()
  const embedded = encodeProtobuf(object)
  const eventEnd = writer.length
  writer.raw(embedded)
  writer.varint(embedded.length)
  writer.tag(1, 2)
  writer.lengthSince(eventEnd)
  writer.tag(2, 2)
  writer.string(type)
  writer.tag(1, 2)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(writer.length)
  writer.raw(length)
  return writer.finish()
}

/** The WatchEvent of one frame without its length: `{ type, object }`. Throws 400. */
export function decodeWatchEvent(bytes: Uint8Array): JsonObject {
  try {
    return decodeMessage(messageOf('v1', 'WatchEvent'), bytes)
  } catch (error) {
    if (error instanceof ProtobufError) throw badRequest(error.message, error)
    throw error
  }
}
