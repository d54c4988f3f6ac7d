import type { Controller, ReconcileRequest, ReconcileResult } from '../../controller/controller.ts'
import { informerSource } from '../../controller/informer-source.ts'
import { ignoreNotFound } from '../../meta/api-errors.ts'
import { claimObjects, ownerRequests } from '../claim-objects.ts'
import { simulationController, type SimulationParts } from '../simulation-parts.ts'
import { deployments, fieldManager, replicaSets } from '../simulated-resources.ts'
import { controllerOf } from '../simulation-informers.ts'
import type { Deployment, Pod, ReplicaSet } from '../workload-types.ts'
import { writeStatus } from '../workload-status.ts'
import { hasEnded } from '../pods/pod-facts.ts'
import { createCurrent, findCurrent, refreshCurrent } from './current-replica-set.ts'
import { deploymentStatus, progressDeadlineInMs } from './deployment-status.ts'
import { desiredReplicasOf, maxReplicasOf, revisionAnnotation, sizeAnnotations } from './revision-annotations.ts'
import {
  ageKey,
  availableOf,
  nameOf,
  nextNewSize,
  nextOldSizes,
  proportionalSizes,
  rolloutLimits,
  sizeOf,
} from './rollout-sizes.ts'

const kind = 'Deployment'

/**
 * Plays the Deployment controller: a ReplicaSet for each template, rolling updates within maxSurge and maxUnavailable,
 * Recreate, pause, rollback to an earlier template, a bounded history, and the status that `kubectl rollout` reads.
 */
export function deploymentController(parts: SimulationParts): Controller {
  const { informers } = parts
  return simulationController(parts, {
    name: 'deployment',
    sources: [
      informerSource(informers.deployments),
      informerSource(informers.replicaSets, ownerRequests(kind, informers.deployments)),
      // Recreate waits for the last old pod to be gone, which no ReplicaSet's status tells on a server without that field.
      informerSource<Pod>(informers.pods, (event) =>
        event.type === 'deleted' ? ownersOfPod(parts, event.object) : [],
      ),
    ],
    reconcile: (request) => reconcile(parts, request),
  })
}

function ownersOfPod({ informers }: SimulationParts, pod: Pod): ReconcileRequest[] {
  const owner = controllerOf(pod)
  if (owner?.kind !== 'ReplicaSet') return []
  const { namespace = '' } = pod.metadata
  const replicaSet = informers.replicaSets.get({ namespace, name: owner.name })
  const deployment = replicaSet && controllerOf(replicaSet)
  return deployment?.kind === kind ? [{ logicalCluster: '', namespace, name: deployment.name }] : []
}

async function reconcile(
  parts: SimulationParts,
  { namespace, name }: ReconcileRequest,
): Promise<ReconcileResult | void> {
  const { informers, client } = parts
  const deployment = informers.deployments.get({ namespace, name })
  if (!deployment || deployment.metadata.deletionTimestamp) return
  const owned = await claimObjects({
    owner: deployment,
    kind,
    informer: informers.replicaSets,
    client: client.resource<ReplicaSet>(replicaSets),
  })
  const found = findCurrent(deployment, owned)
  const rollout = createRollout(parts, deployment, {
    current: found,
    old: owned.filter((replicaSet) => replicaSet !== found),
  })
  if (deployment.spec.paused) await rollout.resize()
  else if (rollout.isResized()) await rollout.resize()
  else await rollout.advance()
  return rollout.finish()
}

interface Sets {
  current: ReplicaSet | undefined
  old: readonly ReplicaSet[]
}

/** One look at a Deployment. ReplicaSets are replaced by what the server answered, so that later steps count with it. */
function createRollout(parts: SimulationParts, deployment: Deployment, found: Sets) {
  const { client, clock, informers } = parts
  const limits = rolloutLimits(deployment)
  const resource = client.resource<ReplicaSet>(replicaSets)
  let { current, old } = found
  let collisionCount = deployment.status?.collisionCount
  const all = () => (current ? [...old, current] : [...old])

  /** Writes a size and what it was made for; true when it changed. */
  async function setSize(replicaSet: ReplicaSet, size: number): Promise<boolean> {
    const sameNote =
      desiredReplicasOf(replicaSet) === limits.replicas &&
      maxReplicasOf(replicaSet) === limits.replicas + limits.maxSurge
    if (sizeOf(replicaSet) === size && sameNote) return false
    const { namespace = '', name = '', uid, resourceVersion } = replicaSet.metadata
    const annotations = sizeAnnotations(limits.replicas, limits.maxSurge)
    const body = { metadata: { uid, resourceVersion, annotations }, spec: { replicas: size } }
    const written = await resource.patch({ namespace, name }, { type: 'merge', body }, { fieldManager })
    if (replicaSet === current) current = written
    else old = old.map((one) => (one === replicaSet ? written : one))
    return sizeOf(replicaSet) !== size
  }
  async function setSizes(sizes: ReadonlyMap<string, number>): Promise<void> {
    for (const replicaSet of all()) {
      const size = sizes.get(nameOf(replicaSet))
      if (size !== undefined) await setSize(replicaSet, size)
    }
  }

  async function ensureCurrent(): Promise<boolean> {
    if (current) {
      current = await refreshCurrent(parts, deployment, current, old)
      return true
    }
    const creation = await createCurrent(parts, deployment, old)
    if ('replicaSet' in creation) current = creation.replicaSet
    else if ('collision' in creation) collisionCount = (collisionCount ?? 0) + 1
    return current !== undefined
  }

  async function rollOver(): Promise<void> {
    if (!(await ensureCurrent()) || !current) return
    if (await setSize(current, nextNewSize(current, all(), limits))) return
    await setSizes(nextOldSizes(old, current, limits))
  }

  async function recreate(): Promise<void> {
    await setSizes(new Map(old.filter((one) => sizeOf(one) > 0).map((one) => [nameOf(one), 0])))
    if (old.some(hasPods)) return
    if ((await ensureCurrent()) && current) await setSize(current, limits.replicas)
  }
  function hasPods({ metadata }: ReplicaSet): boolean {
    return informers.pods.byIndex('owner', metadata.uid ?? '').some((pod) => !hasEnded(pod.status?.phase))
  }

  async function trimHistory(): Promise<void> {
    const limit = deployment.spec.revisionHistoryLimit ?? 10
    const idle = old.filter(
      ({ metadata, spec, status }) => !metadata.deletionTimestamp && spec.replicas === 0 && !status?.replicas,
    )
    const surplus = idle.toSorted((a, b) => (ageKey(a) < ageKey(b) ? -1 : 1)).slice(0, Math.max(0, idle.length - limit))
    for (const { metadata } of surplus) {
      const { namespace = '', name = '', uid = '' } = metadata
      await resource
        .delete({ namespace, name }, { propagationPolicy: 'Background', preconditions: { uid } })
        .catch(ignoreNotFound)
    }
  }

  return {
    /** `replicas` was changed since the ReplicaSets that have pods were last scaled. */
    isResized(): boolean {
      const active = all().filter((one) => sizeOf(one) > 0)
      // Recreate leaves nothing to share out: what is old goes to zero anyway.
      if (active.length > 1 && deployment.spec.strategy?.type === 'Recreate') return false
      return active.some((one) => (desiredReplicasOf(one) ?? limits.replicas) !== limits.replicas)
    },

    /** Follows `replicas` without moving pods from one template to another. */
    async resize(): Promise<void> {
      const active = all().filter((one) => sizeOf(one) > 0)
      const [only = current ?? old.toSorted((a, b) => (ageKey(a) > ageKey(b) ? -1 : 1))[0]] = active
      if (active.length <= 1) {
        if (only) await setSize(only, limits.replicas)
      } else if (current && sizeOf(current) === limits.replicas && availableOf(current) === limits.replicas) {
        await setSizes(new Map(old.filter((one) => sizeOf(one) > 0).map((one) => [nameOf(one), 0])))
      } else {
        const sizes = proportionalSizes(active, limits)
        for (const replicaSet of active) await setSize(replicaSet, sizes.get(nameOf(replicaSet)) ?? sizeOf(replicaSet))
      }
    },

    /** The next step from the old templates to the current one. */
    advance: () => (deployment.spec.strategy?.type === 'Recreate' ? recreate() : rollOver()),

    async finish(): Promise<ReconcileResult | void> {
      const nowMs = clock.now()
      const status = deploymentStatus({ deployment, current, old, collisionCount, nowMs })
      const revision = current?.metadata.annotations?.[revisionAnnotation]
      let subject = deployment
      if (revision !== undefined && deployment.metadata.annotations?.[revisionAnnotation] !== revision) {
        const { namespace = '', name = '', uid, resourceVersion } = deployment.metadata
        const body = { metadata: { uid, resourceVersion, annotations: { [revisionAnnotation]: revision } } }
        subject = await client
          .resource<Deployment>(deployments)
          .patch({ namespace, name }, { type: 'merge', body }, { fieldManager })
      }
      await writeStatus(client.resource<Deployment>(deployments), subject, status)
      if (status.updatedReplicas === limits.replicas && status.availableReplicas === limits.replicas)
        await trimHistory()
      const deadlineMs = progressDeadlineInMs(deployment, status, nowMs)
      return deadlineMs === undefined ? undefined : { requeueAfterMs: deadlineMs }
    },
  }
}
