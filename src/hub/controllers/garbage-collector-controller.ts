import type { Controller, ReconcileRequest } from '../../controller/controller.ts'
import { fromApiVersion } from '../../meta/group-version.ts'
import type { KubeObject } from '../../meta/object.ts'
import {
  createGarbageCollectorReconciler,
  type Dependent,
  objectRequest,
  ownerGoneRequest,
} from '../../reconcilers/garbage-collector/garbage-collector-reconciler.ts'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import type { FeedEvent } from '../../storage/backend.ts'
import { ownerPrefix, parseObjectKey, prefixEnd } from '../../storage/keys.ts'
import { decodeStoredValue } from '../../storage/stored-value.ts'
import { type ControllerParts, feedController } from './controller-parts.ts'

export function garbageCollectorController(parts: ControllerParts): Controller {
  return feedController(parts, {
    name: 'garbage-collector',
    workers: 8,
    toRequests,
    // Everything that has an owner is in the owner index, so a lost history is looked through there.
    resync: async (enqueue, signal) => {
      let start = 'w/'
      while (!signal.aborted) {
        const page = await parts.backend.range({ start, end: prefixEnd('w/'), limit: 1_000, keysOnly: true })
        for (const { key } of page.items) {
          const [, logicalCluster = '', , group = '', resource = '', namespace = '', name = ''] = key.split('/')
          enqueue(objectRequest(logicalCluster, { group, resource, namespace, name }))
        }
        const last = page.items.at(-1)
        if (!page.more || !last) return
        start = `${last.key}\u0000`
      }
    },
    reconcile: createGarbageCollectorReconciler({
      clientOf: parts.clientOf,
      dependentsOf: (logicalCluster, uid) => dependentsOf(parts, logicalCluster, uid),
      servedVersion: (logicalCluster, group, resource) => servedVersion(parts, logicalCluster, group, resource),
      resourceOfKind: (logicalCluster, apiVersion, kind) => resourceOfKind(parts, logicalCluster, apiVersion, kind),
    }),
  })
}

const ownersField = Buffer.from('"ownerReferences":[')
const finalizersField = Buffer.from('"finalizers":[')

function toRequests({ type, key, value, previous }: FeedEvent): ReconcileRequest[] {
  const address = parseObjectKey(key)
  if (!address) return []
  if (type === 'delete') {
    const uid = previous && uidOf(previous.value)
    return uid === undefined ? [] : [ownerGoneRequest(address.logicalCluster, uid)]
  }
  if (!value) return []
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  const isDeletedWithFinalizers = bytes.includes('"deletionTimestamp":') && bytes.includes(finalizersField)
  // An owned object is looked at when it comes into being (its owner may be gone already) and while it is being deleted.
  const isNewWithOwners = previous === undefined && bytes.includes(ownersField)
  return isNewWithOwners || isDeletedWithFinalizers ? [objectRequest(address.logicalCluster, address)] : []
}

function uidOf(value: Uint8Array): string | undefined {
  // A tombstone has no metadata of an object: nothing depends on what was never stored.
  try {
    return (JSON.parse(Buffer.from(decodeStoredValue(value)).toString()) as KubeObject).metadata.uid
  } catch {
    return undefined
  }
}

async function dependentsOf({ backend }: ControllerParts, logicalCluster: string, uid: string): Promise<Dependent[]> {
  const prefix = ownerPrefix(logicalCluster, uid)
  const { items } = await backend.range({ start: prefix, end: prefixEnd(prefix), keysOnly: true })
  return items.map(({ key }) => {
    const [, , , group = '', resource = '', namespace = '', name = ''] = key.split('/')
    return { group, resource, namespace, name }
  })
}

async function servedVersion({ catalog }: ControllerParts, logicalCluster: string, group: string, resource: string) {
  const definition = await catalog.definitionOf(logicalCluster, group, resource)
  const version = definition?.versions[0]?.version
  return definition && version !== undefined ? { version, namespaced: definition.namespaced } : undefined
}

async function resourceOfKind({ catalog }: ControllerParts, logicalCluster: string, apiVersion: string, kind: string) {
  const groupVersion = fromApiVersion(apiVersion)
  if (!groupVersion) return undefined
  const { definitions } = await catalog.snapshot(logicalCluster)
  const found = definitions.find(
    (definition: ResourceDefinition) =>
      definition.kind === kind &&
      definition.group === groupVersion.group &&
      definition.versions.some(({ version }) => version === groupVersion.version),
  )
  return found && { resource: found.resource, namespaced: found.namespaced }
}
