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
  /**
   * The frames of events in as few pieces as can be, for watches that see all of them; shared like them. Undefined when
   * each is to be sent by itself.
   */
  batch?(events: readonly CacheEvent[]): readonly Uint8Array[]
  /** The frame of an object that was there before the watch began. */
  initial(object: CachedObject): Uint8Array
  bookmark(revision: number, endsInitialEvents: boolean): Uint8Array
  error(status: Status): Uint8Array
}

/** A piece of a batch: long enough that a write costs little, short enough to be no burden while a slow peer reads. */
const maxPieceBytes = 64 * 1024
/** Watches of one group are handed the same array. */
const batches = new WeakMap<readonly CacheEvent[], Map<string, readonly Uint8Array[]>>()

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
  const frameOfEvent = (type: ChangeType, event: CacheEvent, object: CachedObject): Uint8Array => {
    const kind = kinds[type]
    let frame = event.encoded.get(kind.form)
    if (!frame) event.encoded.set(kind.form, (frame = joinFrame(kind.head, parts.store.toItemBytes(scope, object))))
    return frame
  }
  const makeBatch = (events: readonly CacheEvent[]): readonly Uint8Array[] => {
    const frames: Uint8Array[] = []
    for (const event of events) {
      const object = event.type === 'DELETED' ? event.departed : event.current
      if (object) frames.push(frameOfEvent(event.type, event, object))
    }
    return joinPieces(frames)
  }
  return {
    contentType: 'application/json',
    event: frameOfEvent,
    batch(events) {
      let forms = batches.get(events)
      if (!forms) batches.set(events, (forms = new Map()))
      let pieces = forms.get(form)
      if (!pieces) forms.set(form, (pieces = makeBatch(events)))
      return pieces
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

function joinPieces(frames: readonly Uint8Array[]): readonly Uint8Array[] {
  const pieces: Uint8Array[] = []
  let open: Uint8Array[] = []
  let bytes = 0
  for (const frame of frames) {
    if (bytes + frame.length > maxPieceBytes && open.length > 0) {
      pieces.push(Buffer.concat(open, bytes))
      open = []
      bytes = 0
    }
    open.push(frame)
    bytes += frame.length
  }
  if (open.length > 0) pieces.push(Buffer.concat(open, bytes))
  return pieces
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
