import { createHash } from 'node:crypto'
import type { KubeObject, ObjectMeta } from '../../meta/object.ts'
import { formatUid } from '../../meta/uid.ts'
import { type ObjectAddress, objectKey } from '../../storage/keys.ts'
import type { CachedObject, CacheEvent } from '../../storage/object-cache.ts'
import { encodeStoredValue, withItemRevision } from '../../storage/stored-value.ts'
import type { OverlaySet, ResourceDefinition } from '../resource-definition.ts'
import { DetachedObject } from './detached-object.ts'
import type { Lifecycle } from './logical-cluster-lifecycle.ts'

/**
 * Objects that every workspace has without storing them. What a workspace has of its own is derived: the uid from logical
 * cluster, resource and name, revision and creation time from the logical cluster's lifecycle key. An edit stores a copy
 * with the same uid, which then stands for the object; a delete stores a tombstone.
 */
export interface OverlayView {
  get(namespace: string, name: string): CachedObject | undefined
  /** Ordered by key. */
  list(namespace: string | undefined): readonly CachedObject[]
  has(namespace: string, name: string): boolean
}

interface Member {
  readonly namespace: string
  readonly name: string
  readonly object: KubeObject
  /** The item bytes behind what differs between workspaces. */
  readonly tail: Buffer
}

const prepared = new WeakMap<OverlaySet, ReadonlyMap<string, Member>>()

export function createOverlayView(
  logicalCluster: string,
  lifecycle: Lifecycle,
  definition: ResourceDefinition,
  overlay: OverlaySet,
): OverlayView {
  const members = prepare(overlay)
  const view = (member: Member): CachedObject => new OverlayObject(logicalCluster, lifecycle, definition, member)
  return {
    get(namespace, name) {
      const member = members.get(`${namespace}/${name}`)
      return member && view(member)
    },
    list(namespace) {
      const found: CachedObject[] = []
      for (const member of members.values())
        if (namespace === undefined || member.namespace === namespace) found.push(view(member))
      return found.sort((a, b) => (a.key < b.key ? -1 : 1))
    },
    has: (namespace, name) => members.has(`${namespace}/${name}`),
  }
}

function prepare(overlay: OverlaySet): ReadonlyMap<string, Member> {
  const known = prepared.get(overlay)
  if (known) return known
  const members = new Map<string, Member>()
  for (const [key, object] of overlay.objects) members.set(key, toMember(object))
  prepared.set(overlay, members)
  return members
}

function toMember(object: KubeObject): Member {
  const { uid: _uid, resourceVersion: _revision, creationTimestamp: _created, ...metadata } = object.metadata
  const { apiVersion: _apiVersion, kind: _kind, metadata: _metadata, ...rest } = object
  const json = JSON.stringify({ metadata, ...rest })
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    object: { metadata, ...rest },
    tail: Buffer.from(json.slice('{"metadata":{'.length)),
  }
}

class OverlayObject implements CachedObject {
  readonly key: string
  readonly revision: number
  readonly createRevision: number
  readonly #member: Member
  readonly #uid: string
  readonly #createdAt: string
  #item: Uint8Array | undefined
  #parsed: KubeObject | undefined

  constructor(logicalCluster: string, lifecycle: Lifecycle, { group, resource }: ResourceDefinition, member: Member) {
    const address = { logicalCluster, group, resource, namespace: member.namespace, name: member.name }
    this.key = objectKey(address)
    this.revision = lifecycle.createRevision
    this.createRevision = lifecycle.createRevision
    this.#member = member
    this.#uid = derivedUid(address)
    this.#createdAt = lifecycle.createdAt
  }

  get item(): Uint8Array {
    if (!this.#item) {
      const own = `{"metadata":{"resourceVersion":"${this.revision}","uid":"${this.#uid}","creationTimestamp":"${this.#createdAt}",`
      this.#item = Buffer.concat([Buffer.from(own), this.#member.tail])
    }
    return this.#item
  }

  get parsed(): KubeObject {
    if (!this.#parsed) {
      const { object } = this.#member
      const own = { resourceVersion: String(this.revision), uid: this.#uid, creationTimestamp: this.#createdAt }
      this.#parsed = { ...object, metadata: { ...own, ...object.metadata } }
    }
    return this.#parsed
  }

  get metadata(): ObjectMeta {
    return this.parsed.metadata
  }
}

/** A UUID (version 8: made of a hash of our own choosing) that nobody can move to another workspace. */
export function derivedUid({ logicalCluster, group, resource, namespace, name }: ObjectAddress): string {
  const hash = createHash('sha256').update(`${logicalCluster}/${group}/${resource}/${namespace}/${name}`).digest()
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80
  return formatUid(hash)
}

const tombstoneMark = ',"atoll.dev/tombstone":true}'

/** Stored in the place of an overlay object that was deleted. */
export function encodeTombstone(name: string): Uint8Array {
  return encodeStoredValue(`{"metadata":{"name":${JSON.stringify(name)}}${tombstoneMark}`)
}

/** Only kinds with an overlay have tombstones; no object can look like one, because unknown fields are dropped. */
export function isTombstone({ item }: CachedObject): boolean {
  const start = item.length - tombstoneMark.length
  if (start < 0) return false
  for (let index = 0; index < tombstoneMark.length; index++) {
    if (item[start + index] !== tombstoneMark.charCodeAt(index)) return false
  }
  return true
}

/** Merges two lists that are ordered by key; what is stored wins, tombstones remove. */
export function mergeOverlay(stored: readonly CachedObject[], overlay: readonly CachedObject[]): CachedObject[] {
  const merged: CachedObject[] = []
  let at = 0
  for (const object of stored) {
    for (let next = overlay[at]; next && next.key <= object.key; next = overlay[at]) {
      if (next.key < object.key) merged.push(next)
      at++
    }
    if (!isTombstone(object)) merged.push(object)
  }
  for (; at < overlay.length; at++) merged.push(overlay[at] as CachedObject)
  return merged
}

/** The change as a watcher sees it who knows nothing of overlay and tombstones; undefined when there is none. */
export function translateOverlayEvent(event: CacheEvent, view: OverlayView): CacheEvent | undefined {
  const { namespace, name } = event.address
  const standing = (object: CachedObject | undefined): CachedObject | undefined => {
    if (!object) return view.get(namespace, name)
    return isTombstone(object) ? undefined : object
  }
  const previous = standing(event.previous)
  const current = standing(event.current)
  if (!previous && !current) return undefined
  return {
    type: current ? (previous ? 'MODIFIED' : 'ADDED') : 'DELETED',
    revision: event.revision,
    key: event.key,
    address: event.address,
    current,
    previous,
    departed: previous && depart(previous, event),
    encoded: new Map(),
  }
}

function depart(previous: CachedObject, { departed, previous: stored, revision }: CacheEvent): CachedObject {
  if (previous === stored && departed) return departed
  const item = withItemRevision(previous.item, revision)
  return new DetachedObject(previous.key, revision, previous.createRevision, item)
}
