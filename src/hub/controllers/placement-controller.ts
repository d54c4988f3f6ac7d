import { LRUCache } from 'lru-cache'
import type { ForeseenTargets } from '../../access/admission/placement-mark.ts'
import type { Logger } from '../../base/logger.ts'
import type { Client, ObjectName, ResourceClient } from '../../client/client.ts'
import { createController, type Controller, type ReconcileRequest } from '../../controller/controller.ts'
import { informerSource } from '../../controller/informer-source.ts'
import { ignoreNotFound, isInvalid } from '../../meta/api-errors.ts'
import type { Delivery } from '../../meta/fleet/delivery.ts'
import {
  childLogicalCluster,
  fleetApiVersion,
  fleetGroup,
  isChildLogicalCluster,
  placedFinalizer,
  placementLabel,
  placementStatusAnnotation,
  publicationAnnotation,
  selectedByAnnotation,
  targetsAnnotation,
} from '../../meta/fleet/fleet-names.ts'
import { logicalClusterOf } from '../../meta/logical-cluster.ts'
import type { JsonObject, KubeObject } from '../../meta/object.ts'
import { isWithin, type RegisteredChildCluster } from '../../reconcilers/placement/choose-child-clusters.ts'
import { placementManager } from '../../reconcilers/placement/own-status.ts'
import { isDeliverableResource } from '../../reconcilers/placement/placeable.ts'
import { createPlacementReconciler, foreseeTargets } from '../../reconcilers/placement/placement-reconciler.ts'
import { type PlacementSteps, type SourceAddress, sourceRequest } from '../../reconcilers/placement/placement-steps.ts'
import { crdSlotName } from '../../reconcilers/publication/crd-copy.ts'
import { heartbeatGraceMs } from '../../reconcilers/child-cluster/child-cluster-reconciler.ts'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { coreGroup, logicalClusterSingleton, pathAnnotation } from '../../registry/tenancy/workspace-crd.ts'
import type { FeedEvent } from '../../storage/backend.ts'
import { logicalClusterPrefix, parseObjectKey, prefixEnd } from '../../storage/keys.ts'
import { decodeStoredValue } from '../../storage/stored-value.ts'
import { feedSource } from '../feed-source.ts'
import { childTrouble } from './child-trouble.ts'
import { asksForTheSame } from './spec-source.ts'
import type { ControllerParts } from './controller-parts.ts'
import type { DeliveryTally } from './delivery-tally.ts'
import { createEventRecorder } from './event-recorder.ts'
import { type FleetInformers, fleetResource } from './fleet-informers.ts'
import { createRescan } from './rescan.ts'

const deliveries = fleetResource('deliveries')
const rememberedPaths = 10_000

export interface PlacementParts extends ControllerParts {
  informers: FleetInformers
  tally: DeliveryTally
  hub(): { id: string; incarnation: number }
  /** Path of a logical cluster, remembered. */
  workspacePath(logicalCluster: string): Promise<string>
}

/** Follows labelled objects, their deliveries, placements and child clusters, and reconciles source objects. */
export function placementController(parts: PlacementParts): Controller {
  const { backend, clock, logger, informers } = parts
  return createController({
    name: 'placement',
    clock,
    logger,
    workers: 16,
    reconcile: createPlacementReconciler(createSteps(parts)),
    sources: [
      // Placements and child clusters first: a source that is looked at before they are known would find no target.
      informerSource(informers.childClusters, () => []),
      informerSource(informers.placements, () => []),
      informerSource(informers.placedNamespaces, () => []),
      feedSource({
        name: 'placement',
        backend,
        clock,
        logger,
        toRequests: (event) => toRequests(informers, event),
        async resync(enqueue, signal) {
          for (const logicalCluster of placing(informers))
            for await (const request of placedObjects(parts, logicalCluster, signal)) enqueue(request)
          // What was placed once, by placements or in workspaces that may be gone.
          for await (const delivery of parts.clientOf('*').resource<Delivery>(deliveries).listAll()) {
            if (signal.aborted) return
            if (isOfPlacement(delivery)) enqueue(sourceRequest(delivery.spec.source))
          }
        },
      }),
      {
        async start(sink, signal) {
          const again = createRescan({
            scan: (logicalCluster) => placedObjects(parts, logicalCluster, signal),
            enqueue: (request) => sink.enqueue(request),
            signal,
            clock,
            logger,
          })
          informers.placedNamespaces.onEvent(({ key }) => again(key.logicalCluster))
          informers.placements.onEvent((event) => {
            if (event.type === 'updated' && asksForTheSame(event.previous, event.object)) return
            again(event.key.logicalCluster)
          })
          informers.childClusters.onEvent((event) => {
            // A heartbeat changes the status every few seconds; placements are decided by labels and spec.
            if (event.type === 'updated' && decidesTheSame(event.previous, event.object)) return
            void concernedBy(parts, event.key.logicalCluster).then((clusters) => clusters.forEach(again))
          })
        },
      },
    ],
  })
}

/** Logical clusters that have Placements. */
function placing({ placements }: FleetInformers): Set<string> {
  return new Set(placements.list().map((placement) => logicalClusterOf(placement) ?? ''))
}

/**
 * Those of them that a child cluster, by its home, may matter to: offers end at the workspace that it was joined in. When
 * a path cannot be told, all of them. Never fails.
 */
async function concernedBy({ informers, workspacePath }: PlacementParts, home: string): Promise<string[]> {
  const pathOf = (logicalCluster: string) => workspacePath(logicalCluster).catch(() => undefined)
  const top = await pathOf(home)
  const concerned: string[] = []
  for (const logicalCluster of placing(informers)) {
    const path = top === undefined ? undefined : await pathOf(logicalCluster)
    if (top === undefined || path === undefined || isWithin(path, top)) concerned.push(logicalCluster)
  }
  return concerned
}

/** Conditions of a child cluster that change what can be said of the objects there. */
const decisiveConditions = new Set(['Joined', 'Reachable', 'Ready', 'Forked'])

/** Placement is decided by labels, spec and whether a child is there, not by heartbeats or what else goes on in it. */
export function decidesTheSame(a: KubeObject, b: KubeObject): boolean {
  const decisive = ({ metadata, spec, status }: KubeObject) => {
    const conditions = (status as { conditions?: { type: string; status: string }[] } | undefined)?.conditions ?? []
    return JSON.stringify([
      metadata.labels,
      metadata.deletionTimestamp,
      spec,
      conditions.flatMap(({ type, status }) => (decisiveConditions.has(type) ? [[type, status]] : [])),
    ])
  }
  return decisive(a) === decisive(b)
}

const marks = [placementLabel, placedFinalizer].map((text) => Buffer.from(text))

const crdResource = 'customresourcedefinitions'

const statusField = Buffer.from('"status":')

/** Strings in the object can fool it, to one look too many. */
function hasStatus(value: Uint8Array): boolean {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).includes(statusField)
}

function isMarked(value: Uint8Array | undefined): boolean {
  if (!value) return false
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  return marks.some((mark) => bytes.includes(mark))
}

/**
 * An object is placed by a label on it or on its namespace or by a selector, or was placed before; a delivery leads back
 * to its source.
 */
function toRequests(informers: FleetInformers, { key, value, previous }: FeedEvent): ReconcileRequest[] {
  const address = parseObjectKey(key)
  if (!address) return []
  if (address.group === fleetGroup && address.resource === 'deliveries') {
    const bytes = isChildLogicalCluster(address.logicalCluster) ? (value ?? previous?.value) : undefined
    // A new slot is news to the syncer only: whoever made it has gone on to say what comes of it.
    if (value && !previous && !hasStatus(value)) return []
    const delivery = bytes && parseDelivery(bytes)
    return delivery && isOfPlacement(delivery) ? [sourceRequest(delivery.spec.source)] : []
  }
  if (!isDeliverableResource(address.group, address.resource)) {
    // A labelled CRD is a misunderstanding that deserves an answer; nothing else of these kinds is looked at.
    const asks = address.resource === crdResource && (isMarked(value) || isMarked(previous?.value))
    return asks ? [sourceRequest(address)] : []
  }
  const { logicalCluster, namespace } = address
  const isPlaced =
    isMarked(value) ||
    isMarked(previous?.value) ||
    (namespace !== '' && informers.placedNamespaces.get({ logicalCluster, name: namespace }) !== undefined) ||
    hasSelectors(informers, logicalCluster)
  return isPlaced ? [sourceRequest(address)] : []
}

/** Slots of publications (CRDs) have no source object in a workspace to report to. */
function isOfPlacement({ spec }: Delivery): boolean {
  return spec.applyAs === 'workspace'
}

function hasSelectors({ placements }: FleetInformers, logicalCluster: string): boolean {
  return placements
    .byIndex('logicalCluster', logicalCluster)
    .some(({ spec }) => (spec.resourceSelectors ?? []).length > 0)
}

function parseDelivery(value: Uint8Array): Delivery | undefined {
  try {
    return JSON.parse(Buffer.from(decodeStoredValue(value)).toString()) as Delivery
  } catch {
    return undefined
  }
}

/** Every object of a workspace that is, or may be, placed; those of labelled namespaces among them. */
async function* placedObjects(
  { backend, informers }: PlacementParts,
  logicalCluster: string,
  signal: AbortSignal,
): AsyncGenerator<ReconcileRequest> {
  const labelled = informers.placedNamespaces.byIndex('logicalCluster', logicalCluster)
  const namespaces = new Set(labelled.map(({ metadata }) => metadata.name ?? ''))
  const selecting = hasSelectors(informers, logicalCluster)
  const prefix = logicalClusterPrefix(logicalCluster)
  let start: string = prefix
  while (!signal.aborted) {
    const page = await backend.range({ start, end: prefixEnd(prefix), limit: 500 })
    for (const { key, value } of page.items) {
      const address = parseObjectKey(key)
      if (!address || !isDeliverableResource(address.group, address.resource)) continue
      if (selecting || namespaces.has(address.namespace) || isMarked(value)) yield sourceRequest(address)
    }
    const last = page.items.at(-1)
    if (!page.more || !last) return
    start = `${last.key}\u0000`
  }
}

/** Where placement is going to deliver a new object, for admission; nowhere while it does not know enough. */
export function createForesight(parts: PlacementParts): ForeseenTargets {
  const { informers, workspacePath } = parts
  const steps = {
    placements: (logicalCluster: string) => informers.placements.byIndex('logicalCluster', logicalCluster),
    childClusters: () => registeredChildClusters(parts),
    workspacePath,
  }
  // A write must not fail because of it: placement looks again.
  return (attributes, object) => foreseeTargets(steps, attributes, object).catch(() => [])
}

export function createPathReader(clientOf: (logicalCluster: string) => Client) {
  const known = new LRUCache<string, string>({ max: rememberedPaths })
  return async (logicalCluster: string): Promise<string> => {
    const remembered = known.get(logicalCluster)
    if (remembered !== undefined) return remembered
    const singleton = clientOf(logicalCluster).resource({
      group: coreGroup,
      version: 'v1alpha1',
      resource: 'logicalclusters',
    })
    const { metadata } = await singleton.get({ name: logicalClusterSingleton })
    const path = metadata.annotations?.[pathAnnotation] ?? ''
    known.set(logicalCluster, path)
    return path
  }
}

interface TypeMeta {
  apiVersion: string
  kind: string
}

/** As what an object is stored, when that is what clients get to see of it; undefined when it takes a conversion. */
function storedAs({ group, kind, versions, storageVersion }: ResourceDefinition): TypeMeta | undefined {
  const [newest] = versions
  if (!newest || newest.version !== storageVersion || newest.fromStorage) return undefined
  return { apiVersion: group === '' ? storageVersion : `${group}/${storageVersion}`, kind }
}

/**
 * Writes the whole status; true when the object has become another one by it. A status that the type refuses stays as it
 * was: that must not keep the object from being let go, or its owner from being told what is wrong.
 */
export async function writeStatus(
  objects: Pick<ResourceClient<KubeObject>, 'update'>,
  object: KubeObject,
  status: JsonObject,
  logger: Logger,
): Promise<boolean> {
  const { status: _, ...rest } = object
  // A type may demand fields of a status that is there, and never one.
  const wanted = Object.keys(status).length > 0 ? { ...rest, status } : rest
  try {
    const written = await objects.update(wanted, { subresource: 'status', fieldManager: placementManager })
    return written.metadata.resourceVersion !== object.metadata.resourceVersion
  } catch (error) {
    if (!isInvalid(error)) return ignoreNotFound(error) ?? false
    const { kind, metadata } = object
    logger.warn('a status of placement was refused', { kind, object: metadata.name, error: String(error) })
    return false
  }
}

function createSteps(parts: PlacementParts): PlacementSteps {
  const { catalog, reader, clientOf, clock, logger, informers, workspacePath } = parts
  const recorder = createEventRecorder({ clientOf, clock, logger, component: placementManager })

  async function objectsOf({ logicalCluster, group, resource, namespace, name }: SourceAddress) {
    const definition = await catalog.definitionOf(logicalCluster, group, resource)
    const version = definition?.versions[0]?.version
    if (!definition || version === undefined) return undefined
    const objects = clientOf(logicalCluster).resource({ group, version, resource })
    const objectName: ObjectName = definition.namespaced ? { namespace, name } : { name }
    return { definition, objects, objectName }
  }
  const slots = (uid: string) => clientOf(childLogicalCluster(uid)).resource<Delivery>(deliveries)
  /** What every reconcile reads, several times: from the cache, without a request that writes and parses it again. */
  async function readStored(address: SourceAddress, type: TypeMeta): Promise<KubeObject | undefined> {
    const object = await reader.get(address)
    return object && { ...type, ...object }
  }

  return {
    hub: parts.hub,
    incarnationOf: (uid) => incarnationOf(parts, uid),
    now: () => clock.now(),
    workspacePath,
    async getSource(address) {
      const found = await objectsOf(address)
      if (!found) return 'unserved'
      const stored = storedAs(found.definition)
      const object =
        stored === undefined
          ? await found.objects.get(found.objectName).catch(ignoreNotFound)
          : await readStored(address, stored)
      const hasStatus = found.definition.subresources.some(({ type }) => type === 'status')
      return object && { object, kind: found.definition.kind, hasStatus }
    },
    async namespaceLabels(logicalCluster, namespace) {
      const namespaces = clientOf(logicalCluster).resource({ group: '', version: 'v1', resource: 'namespaces' })
      return (await namespaces.get({ name: namespace }).catch(ignoreNotFound))?.metadata.labels ?? {}
    },
    placements: (logicalCluster) => informers.placements.byIndex('logicalCluster', logicalCluster),
    childClusters: () => registeredChildClusters(parts),
    async getDelivery(uid, name) {
      const logicalCluster = childLogicalCluster(uid)
      const type = { apiVersion: fleetApiVersion, kind: 'Delivery' }
      const address = { logicalCluster, group: fleetGroup, resource: deliveries.resource, namespace: '', name }
      return (await readStored(address, type)) as Delivery | undefined
    },
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
    async markSource(address, { object }, { finalizer, targets, selectedBy }) {
      const found = await objectsOf(address)
      if (!found) return
      const { uid, resourceVersion, finalizers = [] } = object.metadata
      const others = finalizers.filter((one) => one !== placedFinalizer)
      const metadata = {
        uid,
        resourceVersion,
        finalizers: finalizer ? [...others, placedFinalizer] : others,
        annotations: {
          [targetsAnnotation]: targets.length > 0 ? targets.join(',') : null,
          [selectedByAnnotation]: finalizer ? (selectedBy ?? null) : null,
        },
      }
      await found.objects.patch(
        found.objectName,
        { type: 'merge', body: { metadata } },
        { fieldManager: placementManager },
      )
    },
    async updateStatus(address, { object }, status) {
      const found = await objectsOf(address)
      if (!found) return false
      return writeStatus(found.objects, object, status, logger.with({ workspace: address.logicalCluster }))
    },
    async explain(address, { object }, text) {
      const found = await objectsOf(address)
      const metadata = { uid: object.metadata.uid, annotations: { [placementStatusAnnotation]: text ?? null } }
      await found?.objects
        .patch(found.objectName, { type: 'merge', body: { metadata } }, { fieldManager: placementManager })
        .catch(ignoreNotFound)
    },
    tell: ({ logicalCluster }, { object }, { type, reason, message, childCluster }) =>
      recorder.record(logicalCluster, object, {
        type,
        reason,
        message,
        ...(childCluster === undefined ? {} : { subject: childCluster }),
      }),
    async dependencies({ logicalCluster, group, resource }) {
      const definition = await catalog.definitionOf(logicalCluster, group, resource)
      if (!definition?.custom) return []
      const crds = clientOf(logicalCluster).resource({
        group: 'apiextensions.k8s.io',
        version: 'v1',
        resource: 'customresourcedefinitions',
      })
      const crd = await crds.get({ name: `${resource}.${group}` }).catch(ignoreNotFound)
      const owner = crd?.metadata.annotations?.[publicationAnnotation]
      if (!crd || owner === undefined) return []
      return [crdSlotName(owner.slice(0, owner.indexOf('/')), crd.metadata.name ?? '')]
    },
    async isAutoscaled({ logicalCluster, namespace }, { object, kind }) {
      const scalers = { logicalCluster, group: 'autoscaling', resource: 'horizontalpodautoscalers', namespace }
      return (await reader.list(scalers)).some(({ metadata, spec }) => {
        const { scaleTargetRef: target } = spec as { scaleTargetRef: { kind: string; name: string } }
        const isPlaced = metadata.finalizers?.includes(placedFinalizer) === true
        return isPlaced && target.kind === kind && target.name === object.metadata.name
      })
    },
    unreachableForMs: (uid) => silentMs(parts, uid),
    troubleOf: (uid) => troubleOf(parts, uid),
  }
}

/** Why a child cluster takes nothing now. */
export function troubleOf(parts: PlacementParts, uid: string) {
  return childTrouble(parts.informers.childClusters.byIndex('uid', uid)[0], silentMs(parts, uid))
}

/** How long a child has not been heard of, beyond what is usual. */
function silentMs({ informers, clock }: PlacementParts, uid: string): number | undefined {
  const [childCluster] = informers.childClusters.byIndex('uid', uid)
  const heard = childCluster?.status?.lastHeartbeatTime
  if (!childCluster) return Number.POSITIVE_INFINITY
  if (heard === undefined) return clock.now() - Date.parse(String(childCluster.metadata.creationTimestamp))
  const silent = clock.now() - Date.parse(heard)
  return silent > heartbeatGraceMs ? silent : undefined
}

export function incarnationOf({ informers, hub }: PlacementParts, uid: string): number {
  return informers.childClusters.byIndex('uid', uid)[0]?.status?.incarnation ?? hub().incarnation
}

/** All registered child clusters with the path of where they were joined. */
export function registeredChildClusters({
  informers,
  workspacePath,
}: PlacementParts): Promise<RegisteredChildCluster[]> {
  return Promise.all(
    informers.childClusters.list().map(async (object) => {
      const { uid = '', name = '' } = object.metadata
      // One whose workspace cannot be found is offered to nobody, and keeps no other from being chosen.
      const homePath = await workspacePath(logicalClusterOf(object) ?? '').catch(ignoreNotFound)
      return { uid, name, homePath: homePath ?? '', object }
    }),
  )
}
