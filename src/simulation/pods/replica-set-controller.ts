import type { Controller, ReconcileRequest, ReconcileResult } from '../../controller/controller.ts'
import { informerSource } from '../../controller/informer-source.ts'
import { isForbidden } from '../../meta/api-errors.ts'
import { compileLabelRequirements, fromLabelSelector } from '../../meta/label-selector.ts'
import { formatTime } from '../../meta/time.ts'
import { claimObjects, ownerRequests } from '../claim-objects.ts'
import { simulationController, type SimulationParts } from '../simulation-parts.ts'
import { pods, replicaSets } from '../simulated-resources.ts'
import type { Pod, ReplicaSet, ReplicaSetStatus } from '../workload-types.ts'
import { withCondition, withoutCondition, writeStatus } from '../workload-status.ts'
import { inDeletionOrder } from './deletion-order.ts'
import { hasEnded, isActive, isAvailable, isReady, nextAvailableInMs } from './pod-facts.ts'
import { lookAgainMs } from '../expectations.ts'
import { createPod, deletePod, forEachBounded } from './write-pods.ts'

const kind = 'ReplicaSet'
const parallelWrites = 8
const maxBurst = 500 // as many pods as are created or deleted before the status is written again

/** Plays the ReplicaSet controller: as many pods as wanted, and counters that say how they are. */
export function replicaSetController(parts: SimulationParts): Controller {
  const { informers } = parts
  return simulationController(parts, {
    name: 'replica-set',
    sources: [
      informerSource(informers.replicaSets),
      informerSource(informers.pods, ownerRequests(kind, informers.replicaSets)),
    ],
    reconcile: (request) => reconcile(parts, request),
  })
}

async function reconcile(
  parts: SimulationParts,
  { namespace, name }: ReconcileRequest,
): Promise<ReconcileResult | void> {
  const { informers, client, clock } = parts
  const replicaSet = informers.replicaSets.get({ namespace, name })
  if (!replicaSet || replicaSet.metadata.deletionTimestamp) return
  const { uid = '' } = replicaSet.metadata
  const claimed = await claimObjects({
    owner: replicaSet,
    kind,
    informer: informers.pods,
    client: client.resource<Pod>(pods),
  })
  const active = claimed.filter(isActive)
  const counts = parts.expectations.isMet(uid)
  const failure = counts
    ? await scale(parts, replicaSet, active).then(
        () => undefined,
        (error: unknown) => ({ error }),
      )
    : undefined
  const terminating = claimed.filter((pod) => pod.metadata.deletionTimestamp && !hasEnded(pod.status?.phase))
  const nowMs = clock.now()
  const status = statusOf({ replicaSet, active, terminating: terminating.length, failure: failure?.error, nowMs })
  await writeStatus(client.resource<ReplicaSet>(replicaSets), replicaSet, status)
  // A namespace that is going away takes no more pods: nothing to try again.
  if (failure && !(isForbidden(failure.error) && /being terminated/.test(String(failure.error)))) throw failure.error
  const nextMs = counts ? nextAvailableInMs(active, replicaSet.spec.minReadySeconds, nowMs) : lookAgainMs
  return nextMs === undefined ? undefined : { requeueAfterMs: nextMs }
}

async function scale(parts: SimulationParts, replicaSet: ReplicaSet, active: readonly Pod[]): Promise<void> {
  const missing = (replicaSet.spec.replicas ?? 1) - active.length
  if (missing > 0) {
    const { template } = replicaSet.spec
    const slots = Array.from({ length: Math.min(missing, maxBurst) }, (_, index) => index)
    await forEachBounded(slots, parallelWrites, () => createPod(parts, { owner: replicaSet, kind, template }))
  } else if (missing < 0) {
    const surplus = inDeletionOrder(active).slice(0, Math.min(-missing, maxBurst))
    await forEachBounded(surplus, parallelWrites, (pod) => deletePod(parts, replicaSet, pod))
  }
}

interface Observed {
  replicaSet: ReplicaSet
  active: readonly Pod[]
  terminating: number
  failure: unknown
  nowMs: number
}

function statusOf({ replicaSet, active, terminating, failure, nowMs }: Observed): ReplicaSetStatus {
  const { spec, status, metadata } = replicaSet
  const labels = Object.entries(spec.template.metadata?.labels ?? {})
  const hasAllLabels = compileLabelRequirements(fromLabelSelector({ matchLabels: Object.fromEntries(labels) }))
  const conditions =
    failure === undefined
      ? withoutCondition(status?.conditions, 'ReplicaFailure')
      : withCondition(
          status?.conditions,
          { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: messageOf(failure) },
          formatTime(nowMs),
        )
  return {
    replicas: active.length,
    fullyLabeledReplicas: active.filter((pod) => hasAllLabels(pod.metadata.labels)).length,
    readyReplicas: active.filter(isReady).length,
    availableReplicas: active.filter((pod) => isAvailable(pod, spec.minReadySeconds, nowMs)).length,
    terminatingReplicas: terminating,
    observedGeneration: metadata.generation ?? 0,
    ...(conditions.length > 0 ? { conditions } : {}),
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
