import { chain, type MaybePromise } from '../../base/maybe-promise.ts'
import type { ApiResponse } from '../../client/transport.ts'
import { toApiVersion } from '../../meta/group-version.ts'
import type { KubeObject, ListMeta } from '../../meta/object.ts'
import type { ListPage, ResourceScope } from '../../registry/generic/object-store.ts'
import type { CachedObject } from '../../storage/object-cache.ts'
import type { Exchange } from '../exchange.ts'
import { parseListOptions, toListQuery } from '../list-options.ts'
import { negotiate, type Output } from '../negotiation.ts'
import { acceptsGzip, respond, respondBytes } from '../respond.ts'
import type { ServerParts } from '../server-parts.ts'
import { toPartial, toTable } from '../table.ts'
import { encodeOutput, hasProtobuf, objectBytes, objectHead, tableRequest } from '../write-object.ts'
import { createSlicedBody, type SliceSource, wholeUpToBytes } from '../sliced-body.ts'

/** Shorter lists are not worth a buffer of the pool. */
const shortUpToBytes = 64 * 1024

export function handleList(parts: ServerParts, exchange: Exchange, scope: ResourceScope): MaybePromise<ApiResponse> {
  const options = parseListOptions(exchange, scope, false)
  const output = negotiate(exchange, { shape: 'list', protobuf: () => hasProtobuf(scope), transforms: true })
  const query = toListQuery(scope, exchange.info.namespace, options)
  return chain(parts.store.list(scope, query), (page) => respondPage(parts, exchange, scope, page, output))
}

function respondPage(
  parts: ServerParts,
  exchange: Exchange,
  scope: ResourceScope,
  page: ListPage,
  output: Output,
): MaybePromise<ApiResponse> {
  if (output.media === 'json' && output.as === 'object' && !output.pretty)
    return respondItems(parts, exchange, scope, page, output)
  const objects = page.chunks.flatMap((chunk) => chunk.map((object) => parts.store.toVersion(scope, object)))
  const value = transformList(parts, exchange, scope, objects, listMeta(page), output)
  return respondBytes(exchange, 200, output.contentType, encodeOutput(value, output))
}

function transformList(
  parts: ServerParts,
  exchange: Exchange,
  scope: ResourceScope,
  objects: readonly KubeObject[],
  metadata: ListMeta,
  output: Output,
): unknown {
  if (output.as === 'table') return toTable(objects, metadata, tableRequest(parts, exchange, scope, output))
  if (output.as === 'partial') {
    const items = objects.map((object) => toPartial(object, output.metaVersion))
    return { kind: 'PartialObjectMetadataList', apiVersion: `meta.k8s.io/${output.metaVersion}`, metadata, items }
  }
  return listObject(scope, metadata, objects)
}

/** Items of built-in lists leave apiVersion and kind out. */
export function listObject(scope: ResourceScope, metadata: ListMeta, objects: readonly KubeObject[]): unknown {
  const { definition, version } = scope
  const bare = ({ apiVersion: _apiVersion, kind: _kind, ...rest }: KubeObject): unknown => rest
  return {
    kind: definition.listKind,
    apiVersion: toApiVersion({ group: definition.group, version: version.version }),
    metadata,
    items: definition.custom ? objects : objects.map(bare),
  }
}

export function listMeta({ revision, continueToken, remaining }: ListPage): ListMeta {
  return {
    resourceVersion: String(revision),
    ...(continueToken === undefined ? {} : { continue: continueToken }),
    ...(remaining === undefined ? {} : { remainingItemCount: remaining }),
  }
}

/** The fast road: items as they are stored, between a head and a tail. */
function respondItems(
  parts: ServerParts,
  exchange: Exchange,
  scope: ResourceScope,
  page: ListPage,
  output: Output,
): MaybePromise<ApiResponse> {
  const source = itemSource(parts, scope, page)
  const gzip = acceptsGzip(exchange)
  if (source.bytes <= (gzip ? wholeUpToBytes : shortUpToBytes)) {
    const whole = Buffer.allocUnsafe(source.bytes)
    source.fill(whole)
    return respondBytes(exchange, 200, output.contentType, whole)
  }
  const response = respond(exchange, 200, output.contentType, createSlicedBody(source, gzip))
  if (gzip) {
    response.headers['content-encoding'] = 'gzip'
    response.headers['vary'] = 'Accept-Encoding'
  } else response.headers['content-length'] = String(source.bytes)
  return response
}

function itemSource(parts: ServerParts, scope: ResourceScope, page: ListPage): SliceSource {
  const { definition, version } = scope
  const apiVersion = toApiVersion({ group: definition.group, version: version.version })
  const kind = JSON.stringify(definition.listKind)
  const metadata = JSON.stringify(listMeta(page))
  const head = Buffer.from(
    `{"kind":${kind},"apiVersion":${JSON.stringify(apiVersion)},"metadata":${metadata},"items":[`,
  )
  const converted = version.fromStorage !== undefined || scope.logicalCluster === '*'
  if (!converted) return createItemSource(head, page.chunks, definition.custom ? objectHead(scope) : undefined)
  const chunks = page.chunks.map((chunk) => chunk.map((object) => inVersion(parts, scope, object)))
  return createItemSource(head, chunks, definition.custom ? objectHead(scope) : undefined)
}

function inVersion(parts: ServerParts, scope: ResourceScope, object: CachedObject): { readonly item: Uint8Array } {
  return { item: parts.store.toItemBytes(scope, object) }
}

type Items = readonly (readonly { readonly item: Uint8Array }[])[]

/** `itemHead` goes before each item, which then is a whole object. */
function createItemSource(head: Buffer, chunks: Items, itemHead: Buffer | undefined): SliceSource {
  let bytes = head.length + 2
  let count = 0
  const extra = itemHead ? itemHead.length - 1 : 0
  for (const chunk of chunks) {
    count += chunk.length
    for (const { item } of chunk) bytes += item.length + extra
  }
  bytes += Math.max(0, count - 1)
  let chunkAt = 0
  let itemAt = 0
  let started = false
  let first = true
  let ended = false
  return {
    bytes,
    fill(target) {
      let at = 0
      if (!started) {
        target.set(head)
        at = head.length
        started = true
      }
      for (; chunkAt < chunks.length; chunkAt++, itemAt = 0) {
        const chunk = chunks[chunkAt] ?? []
        for (; itemAt < chunk.length; itemAt++) {
          const { item } = chunk[itemAt] as { item: Uint8Array }
          const length = item.length + extra + (first ? 0 : 1)
          if (at + length > target.length) {
            // A single item can be longer than a slice: then it makes a slice of its own.
            if (at > 0) return { filled: at, more: true }
            itemAt++
            first = false
            return { filled: 0, more: true, own: joinOwn(item, itemHead, length > item.length + extra) }
          }
          if (!first) target[at++] = 0x2c
          first = false
          if (itemHead) {
            target.set(itemHead, at)
            at += itemHead.length
            target.set(item.subarray(1), at)
            at += item.length - 1
          } else {
            target.set(item, at)
            at += item.length
          }
        }
      }
      if (ended) return { filled: at, more: false }
      if (at + 2 > target.length) return { filled: at, more: true }
      target[at++] = 0x5d
      target[at++] = 0x7d
      ended = true
      return { filled: at, more: false }
    },
  }
}

function joinOwn(item: Uint8Array, itemHead: Buffer | undefined, comma: boolean): Uint8Array {
  const object = itemHead ? objectBytes(itemHead, item) : item
  return comma ? Buffer.concat([Buffer.from(','), object]) : object
}
