import type { Controller, ReconcileRequest } from '../../controller/controller.ts'
import {
  createCustomResourceNamesReconciler,
  groupRequest,
} from '../../reconcilers/custom-resource-names/custom-resource-names-reconciler.ts'
import { settleNames } from '../../registry/apiextensions/accept-names.ts'
import { type CrdObject, crdGroup, crdResource } from '../../registry/apiextensions/crd-object.ts'
import type { FeedEvent } from '../../storage/backend.ts'
import { type ControllerParts, feedController } from './controller-parts.ts'
import { addressesOf, addressIn, followTerminatingClusters } from './feed-requests.ts'

/** CRDs whose names were another's get them when that one goes or takes other names. */
export function customResourceNamesController(parts: ControllerParts): Controller {
  const { clientOf, reader, clock } = parts
  const terminating = followTerminatingClusters()
  return feedController(parts, {
    name: 'custom-resource-names',
    toRequests(event) {
      terminating.follow(event)
      const requests = toRequests(event)
      return requests.filter(({ logicalCluster }) => !terminating.has(logicalCluster))
    },
    async resync(enqueue, signal) {
      const identity = `${crdGroup}:${crdResource}`
      for await (const { logicalCluster, name } of addressesOf(parts.backend, identity, signal))
        enqueue(groupRequest(logicalCluster, name))
    },
    reconcile: createCustomResourceNamesReconciler({
      clientOf,
      crdsOf: (logicalCluster) => reader.list({ logicalCluster, group: crdGroup, resource: crdResource }),
      settle: (crd, others) => settleNames(crd as CrdObject, others as readonly CrdObject[], clock.now()),
    }),
  })
}

/** The end of each reason that NamesAccepted is False for. */
const conflictMark = Buffer.from('Conflict"')

/** A new CRD gives no name up. One that has lost a name is looked at: that may have become free meanwhile. */
export function toRequests({ type, key, value, previous }: FeedEvent): ReconcileRequest[] {
  const address = addressIn(key, crdGroup, crdResource)
  if (!address) return []
  const isNew = type === 'put' && previous === undefined
  const bytes = value && Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  return isNew && !bytes?.includes(conflictMark) ? [] : [groupRequest(address.logicalCluster, address.name)]
}
