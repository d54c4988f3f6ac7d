import type { Controller } from '../../controller/controller.ts'
import { createCustomResourceCleanupReconciler } from '../../reconcilers/custom-resource-cleanup/custom-resource-cleanup-reconciler.ts'
import { addressesOf, addressIn, isTerminating, toRequest } from './feed-requests.ts'
import { type ControllerParts, feedController } from './controller-parts.ts'

export function customResourceCleanupController(parts: ControllerParts): Controller {
  return feedController(parts, {
    name: 'custom-resource-cleanup',
    toRequests(event) {
      const address = addressIn(event.key, 'apiextensions.k8s.io', 'customresourcedefinitions')
      return address && isTerminating(event) ? [toRequest(address)] : []
    },
    async resync(enqueue, signal) {
      const identity = 'apiextensions.k8s.io:customresourcedefinitions'
      for await (const address of addressesOf(parts.backend, identity, signal)) enqueue(address)
    },
    reconcile: createCustomResourceCleanupReconciler({ clientOf: parts.clientOf, now: () => parts.clock.now() }),
  })
}
