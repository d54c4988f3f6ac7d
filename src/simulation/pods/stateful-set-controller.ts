import type { Controller, ReconcileRequest, ReconcileResult } from '../../controller/controller.ts'
import { informerSource } from '../../controller/informer-source.ts'
import { isAlreadyExists, isNotFound } from '../../meta/api-errors.ts'
import { claimObjects, ownerRequests } from '../claim-objects.ts'
import { lookAgainMs } from '../expectations.ts'
import { simulationController, type SimulationParts } from '../simulation-parts.ts'
import { fieldManager, pods as podResource, statefulSets, volumeClaims } from '../simulated-resources.ts'
import type { Pod, PodTemplate, StatefulSet, VolumeClaim } from '../workload-types.ts'
import { writeStatus } from '../workload-status.ts'
import { type Revisions, revisionHashLabel, syncRevisions, templateOf, trimRevisions } from './controller-revisions.ts'
import { hasEnded, isAvailable, isReady, nextAvailableInMs } from './pod-facts.ts'
import { createPod, deletePod } from './write-pods.ts'

const kind = 'StatefulSet'

/**
 * Plays the StatefulSet controller: pods with ordinals and claims of their own, one after the other unless Parallel,
 * updated from the last to the first down to the partition.
 */
export function statefulSetController(parts: SimulationParts): Controller {
  const { informers } = parts
  return simulationController(parts, {
    name: 'stateful-set',
    sources: [
      informerSource(informers.statefulSets),
      informerSource(informers.pods, ownerRequests(kind, informers.statefulSets)),
    ],
    reconcile: (request) => reconcile(parts, request),
  })
}

async function reconcile(
  parts: SimulationParts,
  { namespace, name }: ReconcileRequest,
): Promise<ReconcileResult | void> {
  const { informers, client, expectations, clock } = parts
  const set = informers.statefulSets.get({ namespace, name })
  if (!set || set.metadata.deletionTimestamp) return
  const { uid = '' } = set.metadata
  const revisions = await syncRevisions(parts, set, kind)
  const resource = client.resource<Pod>(podResource)
  const claimed = await claimObjects({ owner: set, kind, informer: informers.pods, client: resource })
  const pods = claimed.filter((pod) => ordinalOf(set, pod) !== undefined)
  const collisionCount = (set.status?.collisionCount ?? 0) + (revisions ? 0 : 1)
  const nowMs = clock.now()
  const counts = expectations.isMet(uid)
  if (revisions) {
    if (counts) await advance(parts, { set, pods, revisions, nowMs })
    await trimRevisions(parts, set, revisions, pods)
  }
  await writeStatus(
    client.resource<StatefulSet>(statefulSets),
    set,
    statusOf({ set, pods, revisions, collisionCount, nowMs }),
  )
  const nextMs = counts ? nextAvailableInMs(pods, set.spec.minReadySeconds, nowMs) : lookAgainMs
  return nextMs === undefined ? undefined : { requeueAfterMs: nextMs }
}

interface Observed {
  set: StatefulSet
  pods: readonly Pod[]
  revisions: Revisions
  nowMs: number
}

/** The next step; with OrderedReady each step waits for the pod before to be available. */
async function advance(parts: SimulationParts, observed: Observed): Promise<void> {
  const { set, pods, nowMs } = observed
  const { spec } = set
  const start = spec.ordinals?.start ?? 0
  const end = start + (spec.replicas ?? 1)
  const ordered = spec.podManagementPolicy !== 'Parallel'
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod) ?? -1, pod]))
  const isSettled = (pod: Pod) => !pod.metadata.deletionTimestamp && isAvailable(pod, spec.minReadySeconds, nowMs)
  for (let ordinal = start; ordinal < end; ordinal++) {
    const pod = byOrdinal.get(ordinal)
    if (!pod) await createOrdinal(parts, observed, ordinal)
    else if (hasEnded(pod.status?.phase) && !pod.metadata.deletionTimestamp) await deletePod(parts, set, pod)
    if (ordered && !(pod && isSettled(pod))) return
  }
  const surplus = [...byOrdinal].filter(([ordinal]) => ordinal < start || ordinal >= end).toSorted(([a], [b]) => b - a)
  for (const [, pod] of surplus) {
    if (!pod.metadata.deletionTimestamp) await deletePod(parts, set, pod)
    if (ordered) return
  }
  await updateOne(parts, observed, byOrdinal, { start, end })
}

/** Deletes the last pod that is not of the current template, when all behind it are well; it comes back as it should be. */
async function updateOne(
  parts: SimulationParts,
  { set, revisions, nowMs }: Observed,
  byOrdinal: ReadonlyMap<number, Pod>,
  { start, end }: { start: number; end: number },
): Promise<void> {
  const { updateStrategy, minReadySeconds } = set.spec
  if (updateStrategy?.type === 'OnDelete') return
  const first = Math.max(start, updateStrategy?.rollingUpdate?.partition ?? 0)
  for (let ordinal = end - 1; ordinal >= first; ordinal--) {
    const pod = byOrdinal.get(ordinal)
    if (!pod || pod.metadata.deletionTimestamp) return
    if (revisionOf(pod) !== revisions.current.metadata.name) return deletePod(parts, set, pod)
    if (!isAvailable(pod, minReadySeconds, nowMs)) return
  }
}

async function createOrdinal(parts: SimulationParts, { set, revisions }: Observed, ordinal: number): Promise<void> {
  const { spec, metadata, status } = set
  const name = `${metadata.name}-${ordinal}`
  // Below the partition a lost pod comes back as it was.
  const partition = spec.updateStrategy?.rollingUpdate?.partition ?? 0
  const former = revisions.all.find((revision) => revision.metadata.name === status?.currentRevision)
  const revision = ordinal < partition && former ? former : revisions.current
  for (const template of spec.volumeClaimTemplates ?? []) await createClaim(parts, set, template, name)
  await createPod(parts, {
    owner: set,
    kind,
    name,
    template: (revision === revisions.current ? undefined : templateOf(revision)) ?? spec.template,
    labels: {
      [revisionHashLabel]: revision.metadata.name ?? '',
      'statefulset.kubernetes.io/pod-name': name,
      'apps.kubernetes.io/pod-index': String(ordinal),
    },
    spec: {
      hostname: name,
      ...(spec.serviceName ? { subdomain: spec.serviceName } : {}),
      volumes: volumesOf(set, spec.template, name),
    },
  })
}

function volumesOf({ spec }: StatefulSet, template: PodTemplate, podName: string) {
  const claims = (spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name ?? '')
  const others = (template.spec.volumes ?? []).filter(({ name }) => !claims.includes(name))
  return [...others, ...claims.map((name) => ({ name, persistentVolumeClaim: { claimName: `${name}-${podName}` } }))]
}

/** Claims stay when their pod goes: they belong to nobody. */
async function createClaim(
  { client }: SimulationParts,
  { metadata, spec }: StatefulSet,
  template: VolumeClaim,
  podName: string,
): Promise<void> {
  const { status: _status, ...claim } = template
  const labels = { ...template.metadata.labels, ...spec.selector.matchLabels }
  const name = `${template.metadata.name}-${podName}`
  const object: VolumeClaim = {
    ...claim,
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { ...template.metadata, name, namespace: metadata.namespace ?? '', labels },
  }
  await client
    .resource<VolumeClaim>(volumeClaims)
    .create(object, { fieldManager })
    .catch((error: unknown) => {
      if (!isAlreadyExists(error) && !isNotFound(error)) throw error
    })
}

type Counted = Omit<Observed, 'revisions'> & { revisions: Revisions | undefined; collisionCount: number }

function statusOf({ set, pods, revisions, collisionCount, nowMs }: Counted) {
  const { spec, status, metadata } = set
  const alive = pods.filter((pod) => !pod.metadata.deletionTimestamp)
  const ofRevision = (name: string | undefined) => alive.filter((pod) => revisionOf(pod) === name).length
  const updateRevision = revisions?.current.metadata.name ?? status?.updateRevision
  const updated = ofRevision(updateRevision)
  const replicas = spec.replicas ?? 1
  const ready = alive.filter(isReady).length
  // A rollout is finished when all are updated and ready: from then on the new template is the current one.
  const finished = updated === replicas && ready === replicas && pods.length === replicas
  const currentRevision = finished ? updateRevision : (status?.currentRevision ?? updateRevision)
  return {
    observedGeneration: metadata.generation ?? 0,
    replicas: pods.length,
    readyReplicas: ready,
    availableReplicas: alive.filter((pod) => isAvailable(pod, spec.minReadySeconds, nowMs)).length,
    currentReplicas: ofRevision(currentRevision),
    updatedReplicas: updated,
    ...(currentRevision === undefined ? {} : { currentRevision }),
    ...(updateRevision === undefined ? {} : { updateRevision }),
    collisionCount,
  }
}

function revisionOf({ metadata }: Pod): string | undefined {
  return metadata.labels?.[revisionHashLabel]
}

function ordinalOf({ metadata }: StatefulSet, pod: Pod): number | undefined {
  const match = /^(.*)-(\d{1,9})$/.exec(pod.metadata.name ?? '')
  return match?.[1] === metadata.name ? Number(match?.[2]) : undefined
}
