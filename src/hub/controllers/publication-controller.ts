import { createController, type Controller, type ReconcileRequest } from '../../controller/controller.ts'
import { informerSource } from '../../controller/informer-source.ts'
import { toObjectKey } from '../../informer/informer.ts'
import { ignoreNotFound } from '../../meta/api-errors.ts'
import type { Delivery } from '../../meta/fleet/delivery.ts'
import {
  childLogicalCluster,
  fleetGroup,
  isChildLogicalCluster,
  publicationAnnotation,
} from '../../meta/fleet/fleet-names.ts'
import type { Publication } from '../../meta/fleet/placement.ts'
import type { KubeObject } from '../../meta/object.ts'
import {
  createPublicationReconciler,
  type PublicationWorkspace,
} from '../../reconcilers/publication/publication-reconciler.ts'
import { pathOfUrl, type Workspace } from '../../registry/tenancy/workspace-objects.ts'
import type { FeedEvent } from '../../storage/backend.ts'
import { feedSource } from '../feed-source.ts'
import { addressIn } from './feed-requests.ts'
import { fleetResource } from './fleet-informers.ts'
import { decidesTheSame, type PlacementParts, registeredChildClusters } from './placement-controller.ts'

const crds = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' }
const workspaces = { group: 'tenancy.kcp.io', version: 'v1alpha1', resource: 'workspaces' }
const publicationMark = Buffer.from(publicationAnnotation)

/** Follows publications, the CRDs they name, their copies, new workspaces and child clusters. */
export function publicationController(parts: PlacementParts): Controller {
  const { backend, clientOf, clock, logger, informers, hub, workspacePath } = parts
  const publications = (logicalCluster: string) =>
    clientOf(logicalCluster).resource<Publication>(fleetResource('publications'))
  const crdsOf = (logicalCluster: string) => clientOf(logicalCluster).resource(crds)
  const slots = (uid: string) => clientOf(childLogicalCluster(uid)).resource<Delivery>(fleetResource('deliveries'))
  const all = () => informers.publications.list().map((publication) => toObjectKey(publication))

  function toRequests(event: FeedEvent): readonly ReconcileRequest[] {
    const workspace = addressIn(event.key, workspaces.group, workspaces.resource)
    if (workspace) return event.previous === undefined ? all() : []
    const crd = addressIn(event.key, crds.group, crds.resource)
    if (crd) {
      const ofProvider = informers.publications.byIndex('logicalCluster', crd.logicalCluster)
      const isCopy = hasMark(event.value) || hasMark(event.previous?.value)
      return isCopy ? all() : ofProvider.map((publication) => toObjectKey(publication))
    }
    const slot = addressIn(event.key, fleetGroup, 'deliveries')
    const isOfType =
      slot &&
      isChildLogicalCluster(slot.logicalCluster) &&
      event.value &&
      Buffer.from(event.value).includes('"resource":"customresourcedefinitions"')
    return isOfType ? all() : []
  }

  async function* everyWorkspace(): AsyncGenerator<PublicationWorkspace> {
    for await (const { metadata, spec } of clientOf('*').resource<Workspace>(workspaces).listAll()) {
      if (metadata.deletionTimestamp || spec.cluster === undefined || spec.URL === undefined) continue
      yield { logicalCluster: spec.cluster, path: pathOfUrl(spec.URL), labels: metadata.labels ?? {} }
    }
  }

  return createController({
    name: 'publication',
    clock,
    logger,
    sources: [
      informerSource(informers.publications),
      informerSource(informers.childClusters, (event) =>
        event.type === 'updated' && decidesTheSame(event.previous, event.object) ? [] : all(),
      ),
      feedSource({
        name: 'publication',
        backend,
        clock,
        logger,
        toRequests,
        async resync(enqueue) {
          for (const request of all()) enqueue(request)
        },
      }),
    ],
    reconcile: createPublicationReconciler({
      hub,
      now: () => clock.now(),
      workspacePath,
      workspaces: everyWorkspace,
      childClusters: () => registeredChildClusters(parts),
      getPublication: (logicalCluster, name) => publications(logicalCluster).get({ name }).catch(ignoreNotFound),
      getCrd: (logicalCluster, name) => crdsOf(logicalCluster).get({ name }).catch(ignoreNotFound),
      async createCrd(logicalCluster, crd) {
        await crdsOf(logicalCluster).create(crd)
      },
      async updateCrd(logicalCluster, crd) {
        await crdsOf(logicalCluster).update(crd)
      },
      getDelivery: (uid, name) => slots(uid).get({ name }).catch(ignoreNotFound),
      async putDelivery(uid, delivery) {
        if (delivery.metadata.resourceVersion === undefined) await slots(uid).create(delivery)
        else await slots(uid).update(delivery)
      },
      async updateStatus(logicalCluster, publication: Publication & KubeObject) {
        await publications(logicalCluster).update(publication, { subresource: 'status' })
      },
    }),
  })
}

function hasMark(value: Uint8Array | undefined): boolean {
  return value !== undefined && Buffer.from(value.buffer, value.byteOffset, value.byteLength).includes(publicationMark)
}
