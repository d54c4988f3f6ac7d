import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { Client } from '../../client/client.ts'
import type { Reconcile, ReconcileRequest } from '../../controller/controller.ts'
import { ignoreNotFound } from '../../meta/api-errors.ts'
import type { KubeObject } from '../../meta/object.ts'

const crds = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' }
const crdType = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' }

export interface CustomResourceNamesOptions {
  clientOf(logicalCluster: string): Client
  /** The CRDs of a logical cluster as they are now, in the order of their names. */
  crdsOf(logicalCluster: string): MaybePromise<readonly KubeObject[]>
  /** The status of a CRD with the names that it can have beside the others; undefined when its own says so already. */
  settle(crd: KubeObject, others: readonly KubeObject[]): unknown
}

/** A request about the CRDs of one group, by the name of one of them: `<plural>.<group>`. */
export function groupRequest(logicalCluster: string, crdName: string): ReconcileRequest {
  return { logicalCluster, namespace: '', name: crdName.slice(crdName.indexOf('.') + 1) }
}

/**
 * Gives a CRD the names that another one of its group had when it came. What two wait for goes to the first: each of
 * them sees what those before it have got.
 */
export function createCustomResourceNamesReconciler(options: CustomResourceNamesOptions): Reconcile {
  return async ({ logicalCluster, name }) => {
    const client = options.clientOf(logicalCluster).resource(crds)
    const all = await options.crdsOf(logicalCluster)
    const known = all.filter((crd) => (crd['spec'] as { group: string }).group === name)
    for (const [index, crd] of known.entries()) {
      const status = options.settle(crd, known)
      if (status === undefined) continue
      const settled = { ...crd, ...crdType, status }
      await client.update(settled, { subresource: 'status' }).catch(ignoreNotFound)
      known[index] = settled
    }
  }
}
