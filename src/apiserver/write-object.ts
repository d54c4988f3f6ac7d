import { toYaml } from '../meta/yaml-writer.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { ApiResponse } from '../client/transport.ts'
import { toApiVersion } from '../meta/group-version.ts'
import { stringifyJson } from '../meta/json.ts'
import type { JsonObject, KubeObject, ListMeta } from '../meta/object.ts'
import type { ResourceScope } from '../registry/generic/object-store.ts'
import type { ResourceVersion } from '../registry/resource-definition.ts'
import type { CachedObject } from '../storage/object-cache.ts'
import type { Exchange } from './exchange.ts'
import { encodeProtobuf, hasProtobuf as isKnownToProtobuf } from '../registry/codec/protobuf.ts'
import { negotiate, type Output } from './negotiation.ts'
import { respondBytes } from './respond.ts'
import type { ServerParts } from './server-parts.ts'
import { parseIncludeObject, toPartial, toTable } from './table.ts'

/** `{"kind":"…","apiVersion":"…",`: what goes before an item's bytes to make an object of them. */
const heads = new WeakMap<ResourceVersion, Buffer>()

export function objectHead({ definition, version }: ResourceScope): Buffer {
  let head = heads.get(version)
  if (!head) {
    const apiVersion = toApiVersion({ group: definition.group, version: version.version })
    head = Buffer.from(`{"kind":${JSON.stringify(definition.kind)},"apiVersion":${JSON.stringify(apiVersion)},`)
    heads.set(version, head)
  }
  return head
}

/** A whole object in JSON: two copies, nothing parsed. */
export function objectBytes(head: Buffer, item: Uint8Array, tail = ''): Buffer {
  const bytes = Buffer.allocUnsafe(head.length + item.length - 1 + tail.length)
  bytes.set(item, head.length - 1) // its brace gives way to the head's last byte
  bytes.set(head)
  if (tail !== '') bytes.write(tail, bytes.length - tail.length, 'latin1')
  return bytes
}

/** The form in which the client wants one object. Throws 406 and 400. */
export function objectOutput(exchange: Exchange, scope: ResourceScope): Output {
  const output = negotiate(exchange, { shape: 'object', protobuf: () => hasProtobuf(scope), transforms: true })
  if (output.as === 'table') parseIncludeObject(exchange)
  return output
}

/** One object in the form that the client wants. */
export function respondObject(
  parts: ServerParts,
  exchange: Exchange,
  scope: ResourceScope,
  object: CachedObject,
  status = 200,
): MaybePromise<ApiResponse> {
  const output = objectOutput(exchange, scope)
  if (output.media === 'json' && output.as === 'object' && !output.pretty) {
    const bytes = objectBytes(objectHead(scope), parts.store.toItemBytes(scope, object))
    return respondBytes(exchange, status, output.contentType, bytes)
  }
  return respondValue(parts, exchange, scope, parts.store.toVersion(scope, object), status, output)
}

/** An object that is no stored one (a review's answer, a Scale) goes the same way without bytes to begin with. */
export function respondValue(
  parts: ServerParts,
  exchange: Exchange,
  scope: ResourceScope,
  object: KubeObject,
  status: number,
  output = objectOutput(exchange, scope),
): MaybePromise<ApiResponse> {
  return respondBytes(
    exchange,
    status,
    output.contentType,
    encodeOutput(transform(parts, exchange, scope, object, output), output),
  )
}

function transform(
  parts: ServerParts,
  exchange: Exchange,
  scope: ResourceScope,
  object: KubeObject,
  output: Output,
): unknown {
  if (output.as === 'object') return object
  if (output.as === 'partial') return toPartial(object, output.metaVersion)
  const { resourceVersion } = object.metadata
  const metadata: ListMeta = resourceVersion === undefined ? {} : { resourceVersion }
  return toTable([object], metadata, tableRequest(parts, exchange, scope, output))
}

export function tableRequest(
  parts: ServerParts,
  exchange: Exchange,
  { version }: ResourceScope,
  { metaVersion }: Output,
) {
  return { version, metaVersion, includeObject: parseIncludeObject(exchange), nowMs: parts.clock.now() }
}

export function encodeOutput(value: unknown, { media, pretty }: Output): Uint8Array {
  if (media === 'protobuf') return encodeProtobuf(value as JsonObject)
  if (media === 'yaml') return Buffer.from(toYaml(value))
  return Buffer.from(pretty ? `${JSON.stringify(value, bigintsAsNumbers, 2)}\n` : stringifyJson(value))
}

function bigintsAsNumbers(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value
}

/** Only built-in kinds have a protobuf form. */
export function hasProtobuf({ definition, version }: ResourceScope): boolean {
  return (
    !definition.custom &&
    isKnownToProtobuf(toApiVersion({ group: definition.group, version: version.version }), definition.kind)
  )
}
