import type { ObjectMeta } from '../../meta/object.ts'
import { formatTime } from '../../meta/time.ts'
import type { Guard, Key, KeyValue, Put } from '../../storage/backend.ts'
import { identityKey, lifecycleKey, objectKey, type ObjectAddress, ownerKey } from '../../storage/keys.ts'
import { encodeLifecycle, type Lifecycle } from './logical-cluster-lifecycle.ts'
import type { StoreParts } from './store-parts.ts'

/** One object's write with everything that changes together with it. */
export interface Commit {
  readonly identity: string
  readonly address: ObjectAddress
  readonly lifecycle: Lifecycle
  /** Revision of what stands under the key; 0 when nothing does. */
  readonly basedOn: number
  /** The version that goes; undefined when the object is new (a tombstone is no version). */
  readonly previous: ObjectMeta | undefined
  /** The version that comes; undefined when the object goes. */
  readonly next: ObjectMeta | undefined
  /** What is stored: the object, or a tombstone in its place; undefined removes the key. */
  readonly value: Uint8Array | undefined
  /** Further guards and writes. */
  readonly extra?: ExtraWrites
}

export interface ExtraWrites {
  readonly guards: Guard[]
  readonly puts: Put[]
}

export type CommitResult =
  | { readonly ok: true; readonly revision: number }
  | { readonly ok: false; readonly lost: Key; readonly current: KeyValue | undefined }

const nothing = new Uint8Array(0)

export async function commit(parts: StoreParts, write: Commit): Promise<CommitResult> {
  const { address, lifecycle, identity, previous, next, value, basedOn, extra } = write
  const key = objectKey(address)
  const guards: Guard[] = [
    { key: lifecycleKey(address.logicalCluster), revision: lifecycle.revision },
    { key, revision: basedOn },
  ]
  const puts: Put[] = []
  const deletes: Key[] = []
  if (value) puts.push({ key, value })
  else deletes.push(key)
  if (!previous && next) puts.push(identityPut(identity, address))
  if (previous && !next) deletes.push(identityKey(identity, address))
  indexOwners(address, previous, next, puts, deletes)
  if (extra) {
    guards.push(...extra.guards)
    puts.push(...extra.puts)
  }
  const result = await parts.backend.txn({ guards, puts, deletes })
  return result.ok ? result : { ok: false, lost: result.lost.key, current: result.current }
}

/** It comes and goes with the object's own key, which is guarded. */
function identityPut(identity: string, address: ObjectAddress): Put {
  return { key: identityKey(identity, address), value: nothing, isNew: true }
}

function indexOwners(
  address: ObjectAddress,
  previous: ObjectMeta | undefined,
  next: ObjectMeta | undefined,
  puts: Put[],
  deletes: Key[],
): void {
  if (!previous?.ownerReferences && !next?.ownerReferences) return
  const before = ownersOf(previous)
  const after = ownersOf(next)
  for (const uid of after) if (!before.has(uid)) puts.push({ key: ownerKey(uid, address), value: nothing })
  for (const uid of before) if (!after.has(uid)) deletes.push(ownerKey(uid, address))
}

/** Uids are what this server made; a made-up one with other characters is nobody's and needs no index key. */
const indexableUid = /^[0-9A-Za-z._:-]{1,128}$/

function ownersOf(metadata: ObjectMeta | undefined): ReadonlySet<string> {
  const uids = new Set<string>()
  for (const { uid } of metadata?.ownerReferences ?? []) if (indexableUid.test(uid)) uids.add(uid)
  return uids
}

/** The keys of an object that comes along with another one; its logical cluster may be opened by the same transaction. */
export function companionPuts(
  identity: string,
  address: ObjectAddress,
  metadata: ObjectMeta,
  value: Uint8Array,
): Put[] {
  const puts = [{ key: objectKey(address), value }, identityPut(identity, address)]
  for (const uid of ownersOf(metadata)) puts.push({ key: ownerKey(uid, address), value: nothing })
  return puts
}

export function openingPut(logicalCluster: string, nowMs: number): Put {
  const value = encodeLifecycle({ state: 'Active', createdAt: formatTime(nowMs) })
  return { key: lifecycleKey(logicalCluster), value }
}
