import { toApiVersion } from '../meta/group-version.ts'
import { stringifyJson } from '../meta/json.ts'
import type { JsonObject, KubeObject } from '../meta/object.ts'
import type { Status } from '../meta/status.ts'
import { encodeWatchFrame, protobufMediaType } from '../registry/codec/protobuf.ts'
import type { ResourceScope } from '../registry/generic/object-store.ts'
import type { CachedObject, CacheEvent } from '../storage/object-cache.ts'
import type { Exchange } from './exchange.ts'
import type { Output } from './negotiation.ts'
import type { ServerParts } from './server-parts.ts'
import { toPartial, toTable } from './table.ts'
import { objectHead, tableRequest } from './write-object.ts'

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED'

/** Turns changes into the frames of one watch. Frames of events are shared by all watches of the same form. */
export interface WatchEncoding {
  readonly contentType: string
  /** The frame of an event as this watch sees it; `object` is the event's current or departed object. */
  event(type: ChangeType, event: CacheEvent, object: CachedObject): Uint8Array
  /** The frame of an object that was there before the watch began. */
  initial(object: CachedObject): Uint8Array
  bookmark(revision: number, endsInitialEvents: boolean): Uint8Array
  error(status: Status): Uint8Array
}

const frameTail = Buffer.from('}\n')

export function createWatchEncoding(
  parts: ServerParts,
  exchange: Exchange,
  scope: ResourceScope,
  output: Output,
): WatchEncoding {
  const isPlain = output.as === 'object' && output.media === 'json'
  return isPlain ? plainEncoding(parts, scope) : transformedEncoding(parts, exchange, scope, output)
}

/** Stored bytes between a head and a tail: nothing is parsed. */
function plainEncoding(parts: ServerParts, scope: ResourceScope): WatchEncoding {
  const { definition, version, logicalCluster } = scope
  const apiVersion = toApiVersion({ group: definition.group, version: version.version })
  const form = `${apiVersion}/${definition.kind}${logicalCluster === '*' ? '/*' : ''}`
  const kinds = {
    ADDED: kindOfFrame('ADDED', form, scope),
    MODIFIED: kindOfFrame('MODIFIED', form, scope),
    DELETED: kindOfFrame('DELETED', form, scope),
  }
  return {
    contentType: 'application/json',
    event(type, event, object) {
      const kind = kinds[type]
      let frame = event.encoded.get(kind.form)
      if (!frame) event.encoded.set(kind.form, (frame = joinFrame(kind.head, parts.store.toItemBytes(scope, object))))
      return frame
    },
    initial: (object) => joinFrame(kinds.ADDED.head, parts.store.toItemBytes(scope, object)),
    bookmark: (revision, ends) =>
      frameOf('BOOKMARK', { kind: definition.kind, apiVersion, ...bookmarkBody(revision, ends) }),
    error: (status) => frameOf('ERROR', status),
  }
}

function kindOfFrame(type: ChangeType, form: string, scope: ResourceScope): { form: string; head: Buffer } {
  return {
    form: `${type} ${form}`,
    head: Buffer.concat([Buffer.from(`{"type":"${type}","object":`), objectHead(scope)]),
  }
}

function joinFrame(head: Buffer, item: Uint8Array): Uint8Array {
  const frame = Buffer.allocUnsafe(head.length + item.length + 1)
  frame.set(head)
  frame.set(item.subarray(1), head.length)
  frame.set(frameTail, frame.length - frameTail.length)
  return frame
}

function frameOf(type: string, object: unknown): Uint8Array {
  return Buffer.from(`{"type":"${type}","object":${stringifyJson(object)}}\n`)
}

function bookmarkBody(revision: number, endsInitialEvents: boolean): Pick<KubeObject, 'metadata'> {
  const annotations = endsInitialEvents ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}
  return { metadata: { resourceVersion: String(revision), ...annotations } }
}

/** Tables, partial objects and protobuf. Only the first frame of a table watch has the column definitions. */
function transformedEncoding(
  parts: ServerParts,
  exchange: Exchange,
  scope: ResourceScope,
  output: Output,
): WatchEncoding {
  const { definition, version } = scope
  const apiVersion = toApiVersion({ group: definition.group, version: version.version })
  const isProtobuf = output.media === 'protobuf'
  const frame = (type: string, object: unknown): Uint8Array =>
    isProtobuf ? encodeWatchFrame(type, object as JsonObject) : frameOf(type, object)
  let isFirst = true
  const encode = (type: string, object: KubeObject): Uint8Array => {
    if (output.as === 'object') return frame(type, object)
    if (output.as === 'partial') return frame(type, toPartial(object, output.metaVersion))
    const { resourceVersion = '' } = object.metadata
    const table = toTable([object], { resourceVersion }, tableRequest(parts, exchange, scope, output))
    if (!isFirst) return frame(type, { ...table, columnDefinitions: null })
    isFirst = false
    return frame(type, table)
  }
  const everywhere = scope.logicalCluster === '*' ? '/*' : ''
  const form = `${output.media} ${output.as} ${output.metaVersion} ${apiVersion}/${definition.kind}${everywhere}`
  return {
    contentType: isProtobuf ? `${protobufMediaType};stream=watch` : output.contentType,
    event(type, event, object) {
      // Ages differ by the moment: everything but tables is the same for all.
      if (output.as === 'table') return encode(type, parts.store.toVersion(scope, object))
      const key = `${type} ${form}`
      let frame = event.encoded.get(key)
      if (!frame) event.encoded.set(key, (frame = encode(type, parts.store.toVersion(scope, object))))
      return frame
    },
    initial: (object) => encode('ADDED', parts.store.toVersion(scope, object)),
    bookmark: (revision, ends) =>
      encode('BOOKMARK', { kind: definition.kind, apiVersion, ...bookmarkBody(revision, ends) }),
    error: (status) => frame('ERROR', status),
  }
}
