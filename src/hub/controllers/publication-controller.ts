import {
  createController,
  type Controller,
  type ReconcileRequest,
  type SourceSink,
} from '../../controller/controller.ts'
import { informerSource } from '../../controller/informer-source.ts'
import { type Lister, toObjectKey } from '../../informer/informer.ts'
import { ignoreNotFound } from '../../meta/api-errors.ts'
import type { Delivery } from '../../meta/fleet/delivery.ts'
import {
  childLogicalCluster,
  fleetGroup,
  isChildLogicalCluster,
  publicationAnnotation,
} from '../../meta/fleet/fleet-names.ts'
import type { Publication } from '../../meta/fleet/placement.ts'
import { logicalClusterOf } from '../../meta/logical-cluster.ts'
import type { KubeObject } from '../../meta/object.ts'
import {
  createPublicationReconciler,
  publicationRequest,
  workspaceRequest,
} from '../../reconcilers/publication/publication-reconciler.ts'
import type { PublicationSteps, PublicationWorkspace } from '../../reconcilers/publication/publication-steps.ts'
import { pathOfUrl, type Workspace } from '../../registry/tenancy/workspace-objects.ts'
import { coreGroup, logicalClusterSingleton } from '../../registry/tenancy/workspace-crd.ts'
import type { FeedEvent } from '../../storage/backend.ts'
import { collectionPrefix, objectKey, type ObjectAddress, prefixEnd } from '../../storage/keys.ts'
import { decodeStoredValue } from '../../storage/stored-value.ts'
import { feedSource } from '../feed-source.ts'
import { addressesOf, addressIn } from './feed-requests.ts'
import { fleetResource } from './fleet-informers.ts'
import {
  decidesTheSame,
  incarnationOf,
  type PlacementParts,
  registeredChildClusters,
  troubleOf,
} from './placement-controller.ts'

const crds = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' }
const workspaces = { group: 'tenancy.kcp.io', version: 'v1alpha1', resource: 'workspaces' }
const logicalClusters = { group: coreGroup, version: 'v1alpha1', resource: 'logicalclusters' }
const publicationMark = Buffer.from(publicationAnnotation)
const crdSlotMark = '"resource":"customresourcedefinitions"'
const statusDelayMs = 500 // what becomes of a thousand workspaces is one write of the status, not a thousand
const retryMs = 5_000

/** Follows publications, the CRDs they name, their copies, new workspaces and child clusters. */
export function publicationController(parts: PlacementParts): Controller {
  const { backend, clock, logger, informers } = parts
  const all = () => informers.publications.list()
  const everyOne = (part: '' | 'children') =>
    all().map((publication) => publicationRequest(providerOf(publication), publication.metadata.name ?? '', part))
  const soon = createDelay(parts)
  const own = createOwnWrites()

  function toRequests(event: FeedEvent): readonly ReconcileRequest[] {
    const publication = addressIn(event.key, fleetGroup, 'publications')
    // Changes come by the informer; that one has gone must not be missed while the hub is down.
    if (publication) return event.value ? [] : [publicationRequest(publication.logicalCluster, publication.name)]
    if (addressIn(event.key, workspaces.group, workspaces.resource)) return all().length === 0 ? [] : ofWorkspace(event)
    const crd = addressIn(event.key, crds.group, crds.resource)
    if (crd) return crdRequests(informers.publications, { event, address: crd, isOwnWrite: own.caused(event) })
    const slot = addressIn(event.key, fleetGroup, 'deliveries')
    return slot && isChildLogicalCluster(slot.logicalCluster) ? ofSlot(event) : []
  }

  /** The slot's own publication, which may have gone, and those of its provider that wait for the same type. */
  function ofSlot(event: FeedEvent): ReconcileRequest[] {
    const slot = readCrdSlot(event)
    if (slot?.publication === undefined) return []
    const { logicalCluster, name } = slot.source
    const waiting = ofProvider(informers.publications, { logicalCluster, name }).map(
      ({ metadata }) => metadata.name ?? '',
    )
    const concerned = new Set([slot.publication, ...waiting])
    return [...concerned].map((publication) => publicationRequest(logicalCluster, publication, 'children'))
  }

  return createController({
    name: 'publication',
    clock,
    logger,
    sources: [
      informerSource(informers.publications, (event) =>
        event.type === 'updated' && event.previous.metadata.generation === event.object.metadata.generation
          ? []
          : [toObjectKey(event.object)],
      ),
      informerSource(informers.childClusters, (event) =>
        event.type === 'updated' && decidesTheSame(event.previous, event.object) ? [] : everyOne('children'),
      ),
      {
        async start(sink) {
          soon.sink = sink
        },
      },
      feedSource({
        name: 'publication',
        backend,
        clock,
        logger,
        toRequests,
        async resync(enqueue) {
          for (const request of everyOne('')) enqueue(request)
        },
      }),
    ],
    reconcile: createPublicationReconciler(createSteps(parts, soon, own)),
  })
}

interface CrdChange {
  event: FeedEvent
  address: ObjectAddress
  /** Made by this controller: what stands there is known. */
  isOwnWrite: boolean
}

/** What is to be looked at when a CRD has changed: publications of it, and its workspace where it is or may be a copy. */
export function crdRequests(publications: Lister<Publication>, change: CrdChange): readonly ReconcileRequest[] {
  const { event, address, isOwnWrite } = change
  // A copy, too, may be what a publication of its workspace brings further down.
  const publishing = ofProvider(publications, address).map((publication) => toObjectKey(publication))
  const isMarked = hasMark(event.value)
  const wasMarked = hasMark(event.previous?.value)
  const forWorkspaces = publications
    .list()
    .filter(({ spec }) => spec.workspaces && publishes(spec, address.name)).length
  // Our own write concerns the others that name the type once it has a new owner, or none.
  const isAwaited = isMarked !== wasMarked && forWorkspaces > (isMarked ? 1 : 0)
  const concerns = isOwnWrite ? isAwaited : isMarked || wasMarked || forWorkspaces > 0
  return concerns ? [...publishing, workspaceRequest(address.logicalCluster)] : publishing
}

/** The publications of a type that live in its workspace. */
function ofProvider(
  publications: Lister<Publication>,
  { logicalCluster, name }: Pick<ObjectAddress, 'logicalCluster' | 'name'>,
): Publication[] {
  return publications.byIndex('logicalCluster', logicalCluster).filter(({ spec }) => publishes(spec, name))
}

function publishes(spec: Publication['spec'], crdName: string): boolean {
  return spec.customResourceDefinitions.includes(crdName)
}

function providerOf(publication: KubeObject): string {
  return logicalClusterOf(publication) ?? ''
}

function ofWorkspace({ value, previous }: FeedEvent): ReconcileRequest[] {
  const bytes = value ?? previous?.value
  const { spec } = ((bytes && parse(bytes)) ?? {}) as Partial<Workspace>
  return spec?.cluster === undefined ? [] : [workspaceRequest(spec.cluster)]
}

function readCrdSlot({ value, previous }: FeedEvent): Delivery['spec'] | undefined {
  const bytes = value ?? previous?.value
  if (!bytes || !Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(crdSlotMark)) return undefined
  const { spec } = (parse(bytes) ?? {}) as Partial<Delivery>
  return spec?.applyAs === 'system' ? spec : undefined
}

function parse(value: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(decodeStoredValue(value)).toString())
  } catch {
    return undefined
  }
}

function hasMark(value: Uint8Array | undefined): boolean {
  return value !== undefined && Buffer.from(value.buffer, value.byteOffset, value.byteLength).includes(publicationMark)
}

/** Requests that come a little later, each once. */
function createDelay({ clock }: PlacementParts) {
  const waiting = new Set<string>()
  const delay = {
    sink: undefined as SourceSink | undefined,
    enqueue(request: ReconcileRequest, delayMs: number) {
      const id = `${request.logicalCluster}/${request.namespace}/${request.name}`
      if (waiting.has(id)) return
      waiting.add(id)
      clock.after(delayMs, () => {
        waiting.delete(id)
        delay.sink?.enqueue(request)
      })
    },
  }
  return delay
}

/**
 * Tells the events of the controller's own writes of CRDs: the answer to the write says what stands there. The event comes before the answer, so each write under way lets one event of its
 * key pass.
 */
function createOwnWrites() {
  const underway = new Set<string>()
  return {
    caused: ({ key }: FeedEvent) => underway.delete(key),
    async during<T>(logicalCluster: string, name: string, write: () => Promise<T>): Promise<T> {
      const key = objectKey({ logicalCluster, group: crds.group, resource: crds.resource, namespace: '', name })
      underway.add(key)
      try {
        return await write()
      } finally {
        underway.delete(key)
      }
    },
  }
}

function createSteps(
  parts: PlacementParts,
  soon: ReturnType<typeof createDelay>,
  own: ReturnType<typeof createOwnWrites>,
): PublicationSteps {
  const { backend, clientOf, clock, informers, hub, tally, workspacePath } = parts
  const publications = (logicalCluster: string) =>
    clientOf(logicalCluster).resource<Publication>(fleetResource('publications'))
  const crdsOf = (logicalCluster: string) => clientOf(logicalCluster).resource(crds)
  const slots = (uid: string) => clientOf(childLogicalCluster(uid)).resource<Delivery>(fleetResource('deliveries'))
  const never = new AbortController().signal

  async function* everyWorkspace(): AsyncGenerator<PublicationWorkspace> {
    for await (const workspace of clientOf('*').resource<Workspace>(workspaces).listAll()) {
      const target = toTarget(workspace)
      if (target) yield target
    }
  }

  return {
    hub,
    now: () => clock.now(),
    workspacePath,
    publications: () =>
      informers.publications.list().map((publication) => ({ provider: providerOf(publication), publication })),
    workspaces: everyWorkspace,
    async workspaceOf(logicalCluster) {
      const singleton = await clientOf(logicalCluster)
        .resource(logicalClusters)
        .get({ name: logicalClusterSingleton })
        .catch(ignoreNotFound)
      const { owner } = (singleton?.['spec'] ?? {}) as { owner?: { cluster: string; name: string } }
      if (!owner) return undefined
      const parent = clientOf(owner.cluster).resource<Workspace>(workspaces)
      const workspace = await parent.get({ name: owner.name }).catch(ignoreNotFound)
      return workspace?.spec.cluster === logicalCluster ? toTarget(workspace) : undefined
    },
    childClusters: () => registeredChildClusters(parts),
    getPublication: (logicalCluster, name) => publications(logicalCluster).get({ name }).catch(ignoreNotFound),
    getCrd: (logicalCluster, name) => crdsOf(logicalCluster).get({ name }).catch(ignoreNotFound),
    createCrd: (logicalCluster, crd) =>
      own.during(logicalCluster, crd.metadata.name ?? '', () => crdsOf(logicalCluster).create(crd)),
    updateCrd: (logicalCluster, crd) =>
      own.during(logicalCluster, crd.metadata.name ?? '', () => crdsOf(logicalCluster).update(crd)),
    async *crdAddresses() {
      yield* addressesOf(backend, `${crds.group}:${crds.resource}`, never)
    },
    async hasInstances(logicalCluster, { spec }) {
      const { group, names } = spec as { group: string; names: { plural: string } }
      const start = collectionPrefix({ logicalCluster, group, resource: names.plural })
      const page = await backend.range({ start, end: prefixEnd(start), limit: 1, keysOnly: true })
      return page.items.length > 0
    },
    async crdSlots(provider) {
      await tally.ready
      return tally.crdSlots(provider)
    },
    getDelivery: (uid, name) => slots(uid).get({ name }).catch(ignoreNotFound),
    async putDelivery(uid, delivery) {
      if (delivery.metadata.resourceVersion === undefined) await slots(uid).create(delivery)
      else await slots(uid).update(delivery)
    },
    async deleteDelivery(uid, { metadata }) {
      const preconditions = { uid: metadata.uid ?? '', resourceVersion: metadata.resourceVersion ?? '' }
      await slots(uid)
        .delete({ name: metadata.name ?? '' }, { preconditions })
        .catch(ignoreNotFound)
    },
    troubleOf: (uid) => troubleOf(parts, uid),
    incarnationOf: (uid) => incarnationOf(parts, uid),
    async updateStatus(logicalCluster, publication) {
      await publications(logicalCluster).update(publication, { subresource: 'status' })
    },
    statusChanged: (provider, name) => soon.enqueue(publicationRequest(provider, name, 'status'), statusDelayMs),
    retryWorkspace: (logicalCluster) => soon.enqueue(workspaceRequest(logicalCluster), retryMs),
  }
}

function toTarget({ metadata, spec }: Workspace): PublicationWorkspace | undefined {
  if (metadata.deletionTimestamp || spec.cluster === undefined || spec.URL === undefined) return undefined
  return { logicalCluster: spec.cluster, path: pathOfUrl(spec.URL), labels: metadata.labels ?? {} }
}
