import type { Backend, TxnRequest } from '../backend.ts'
import { collectionPrefix, objectKey, type CollectionAddress, type ObjectAddress } from '../keys.ts'
import type { CachedObject, CacheEvent, CacheWatchRequest, CollectionSnapshot, WatchEnd } from '../object-cache.ts'
import { encodeStoredValue } from '../stored-value.ts'

export function configMap(name: string, namespace = 'default', logicalCluster = 'root'): ObjectAddress {
  return { logicalCluster, group: 'core', resource: 'configmaps', namespace, name }
}

export const configMaps: CollectionAddress = { logicalCluster: 'root', group: 'core', resource: 'configmaps' }

export function storedValue({ name, namespace }: ObjectAddress, data: string): Uint8Array {
  return encodeStoredValue(JSON.stringify({ metadata: { name, namespace, labels: { data } }, data: { key: data } }))
}

/** Writes objects in one transaction; undefined deletes. Answers the revision. */
export async function write(backend: Backend, ...objects: [ObjectAddress, string | undefined][]): Promise<number> {
  const request: TxnRequest = {
    puts: objects.flatMap(([address, data]) =>
      data === undefined ? [] : [{ key: objectKey(address), value: storedValue(address, data) }],
    ),
    deletes: objects.flatMap(([address, data]) => (data === undefined ? [objectKey(address)] : [])),
  }
  const result = await backend.txn(request)
  if (!result.ok) throw new Error('the transaction lost a guard that it did not have')
  return result.revision
}

export function dataOf(object: CachedObject | undefined): unknown {
  return (object?.parsed['data'] as { key?: unknown } | undefined)?.key
}

/** name → data of everything in a snapshot. */
export function contents(snapshot: CollectionSnapshot | undefined): Record<string, unknown> {
  return Object.fromEntries((snapshot?.chunks ?? []).flat().map((object) => [nameOf(object), dataOf(object)]))
}

export function nameOf({ key }: { key: string }): string {
  return key.split('/').slice(4).join('/')
}

/** The state of a collection as a watcher knows it: object key → resourceVersion. */
export type Known = Map<string, string>

export function known(snapshot: CollectionSnapshot | undefined, address: CollectionAddress): Known {
  const prefix = collectionPrefix(address)
  const objects = (snapshot?.chunks ?? []).flat()
  return new Map(objects.map((object) => [object.key.slice(prefix.length), object.parsed.metadata.resourceVersion!]))
}

/** A watcher that writes down what it is told. */
export function watcher(): {
  request: Pick<CacheWatchRequest, 'onEvents' | 'onClose'>
  calls: (readonly CacheEvent[])[]
  told: () => string[]
  ended: () => WatchEnd | undefined
} {
  const calls: (readonly CacheEvent[])[] = []
  let end: WatchEnd | undefined
  return {
    request: {
      onEvents: (events) => void calls.push(events),
      onClose: (reason) => {
        if (end) throw new Error('a watch ended twice')
        end = reason
      },
    },
    calls,
    told: () =>
      calls
        .flat()
        .map(({ type, key, current, departed }) => `${type} ${nameOf({ key })} ${String(dataOf(current ?? departed))}`),
    ended: () => end,
  }
}

/** One turn of the event loop: a slice of milliseconds for those who tell watchers. */
export const oneTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/** Turns in which all of a few watchers have been told, also on a machine so busy that one slice is not enough. */
export async function turn(): Promise<void> {
  for (let n = 0; n < 10; n++) await oneTurn()
}
