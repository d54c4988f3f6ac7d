import type { ReconcileRequest } from '../../controller/controller.ts'
import type { Backend, FeedEvent, Key } from '../../storage/backend.ts'
import { identityPrefix, lifecycleKey, type ObjectAddress, parseObjectKey, prefixEnd } from '../../storage/keys.ts'

const pageSize = 1_000

/** The address when the key belongs to this resource. One substring search decides for all other keys. */
export function addressIn(key: Key, group: string, resource: string): ObjectAddress | undefined {
  return key.startsWith('o/') && key.includes(`/${group}/${resource}/`)
    ? exactly(parseObjectKey(key), group, resource)
    : undefined
}

function exactly(address: ObjectAddress | undefined, group: string, resource: string): ObjectAddress | undefined {
  return address?.group === group && address.resource === resource ? address : undefined
}

export function toRequest({ logicalCluster, namespace, name }: ObjectAddress): ReconcileRequest {
  return { logicalCluster, namespace, name }
}

const deletionMark = Buffer.from('"deletionTimestamp":')

/** True for a put of an object that is marked for deletion. Strings in the object can fool it: the reconciler looks. */
export function isTerminating({ value }: FeedEvent): boolean {
  return value !== undefined && Buffer.from(value.buffer, value.byteOffset, value.byteLength).includes(deletionMark)
}

/** Every object of a type, over all workspaces, from the identity index. */
export async function* addressesOf(
  backend: Backend,
  identity: string,
  signal: AbortSignal,
): AsyncGenerator<Omit<ObjectAddress, 'group' | 'resource'>> {
  const prefix = identityPrefix(identity)
  let start: Key = prefix
  while (!signal.aborted) {
    const page = await backend.range({ start, end: prefixEnd(prefix), limit: pageSize, keysOnly: true })
    for (const { key } of page.items) {
      const [, , logicalCluster = '', namespace = '', name = ''] = key.split('/')
      yield { logicalCluster, namespace, name }
    }
    const last = page.items.at(-1)
    if (!page.more || !last) return
    start = `${last.key}\u0000`
  }
}

const lifecyclePrefix = lifecycleKey('')
const terminatingMark = Buffer.from('"state":"Terminating"')

/**
 * Logical clusters that are being removed as a whole, as far as the feed has told since the start: what goes there needs
 * nobody to look after it. Holds a name only until the removal is done.
 */
export interface TerminatingClusters {
  /** To be called with every event, before `has` is asked about it. */
  follow(event: FeedEvent): void
  has(logicalCluster: string): boolean
}

export function followTerminatingClusters(): TerminatingClusters {
  const names = new Set<string>()
  return {
    follow({ key, value }) {
      if (!key.startsWith(lifecyclePrefix)) return
      const name = key.slice(lifecyclePrefix.length)
      const bytes = value && Buffer.from(value.buffer, value.byteOffset, value.byteLength)
      if (bytes?.includes(terminatingMark)) names.add(name)
      else names.delete(name)
    },
    has: (logicalCluster) => names.has(logicalCluster),
  }
}
