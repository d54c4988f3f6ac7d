import type { Controller, ReconcileRequest, ReconcileResult } from '../../controller/controller.ts'
import { informerSource } from '../../controller/informer-source.ts'
import { ignoreNotFound } from '../../meta/api-errors.ts'
import type { JsonObject } from '../../meta/object.ts'
import { hasEnded } from '../pods/pod-facts.ts'
import { controllerOf } from '../simulation-informers.ts'
import { simulationController, type SimulationParts } from '../simulation-parts.ts'
import { fieldManager, pods, simulatedLabel } from '../simulated-resources.ts'
import type { Pod } from '../workload-types.ts'
import { runningStatus, succeededStatus } from './kubelet-status.ts'

export interface Kubelet {
  controller: Controller
  /** From now on no pod becomes Running and none finishes its deletion, as if all machines hung. */
  pause(): void
  /** Goes on with all that has waited. */
  resume(): void
}

/**
 * Plays the kubelets of all simulated nodes: a bound pod is Running and Ready after `delayMs`, a pod of a Job has
 * succeeded after as long again, and a deleted one is gone after as long. No container runs, no image is pulled.
 */
export function createKubelet(parts: SimulationParts, delayMs: number): Kubelet {
  const { informers, client, clock } = parts
  const resource = client.resource<Pod>(pods)
  // uid and what is about to happen → when it may; kept here because times in objects have whole seconds only.
  const due = new Map<string, number>()
  let paused = false

  /** How long a change of this pod has to wait still; 0 when it is due. */
  function waitMs({ metadata }: Pod, change: string): number {
    const id = `${metadata.uid}/${change}`
    const dueMs = due.get(id) ?? clock.now() + delayMs
    due.set(id, dueMs)
    return Math.max(0, dueMs - clock.now())
  }
  function forget({ metadata }: Pod): void {
    for (const change of ['start', 'succeed', 'stop']) due.delete(`${metadata.uid}/${change}`)
  }

  async function reconcile({ namespace, name }: ReconcileRequest): Promise<ReconcileResult | void> {
    const pod = informers.pods.get({ namespace, name })
    const node = pod?.spec.nodeName ? informers.nodes.get({ name: pod.spec.nodeName }) : undefined
    if (paused || !pod || !node || node.metadata.labels?.[simulatedLabel] === undefined) return
    const change = nextChange(pod)
    if (change === undefined) return
    const requeueAfterMs = waitMs(pod, change)
    if (requeueAfterMs > 0) return { requeueAfterMs }
    if (change === 'stop') return finishDeletion(pod)
    const hostIp = node.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '198.18.0.1'
    await setStatus(
      pod,
      change === 'start' ? runningStatus(pod, hostIp, clock.now()) : succeededStatus(pod, clock.now()),
    )
  }

  async function setStatus({ metadata }: Pod, status: JsonObject): Promise<void> {
    const { namespace = '', name = '', uid, resourceVersion } = metadata
    const body = { metadata: { uid, resourceVersion }, status }
    await resource
      .patch({ namespace, name }, { type: 'merge', body }, { subresource: 'status', fieldManager })
      .catch(ignoreNotFound)
  }

  async function finishDeletion({ metadata }: Pod): Promise<void> {
    const { namespace = '', name = '', uid = '' } = metadata
    await resource.delete({ namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } }).catch(ignoreNotFound)
  }

  const controller = simulationController(parts, {
    name: 'kubelet',
    workers: 8,
    sources: [
      informerSource<Pod>(informers.pods, (event) => {
        if (event.type === 'deleted') forget(event.object)
        return event.type !== 'deleted' && event.object.spec.nodeName ? [event.key] : []
      }),
      // A pod may have been bound by name before its node was there.
      informerSource(informers.nodes, ({ key }) => informers.pods.byIndex('node', key.name).map(toRequest)),
    ],
    reconcile,
  })
  return {
    controller,
    pause() {
      paused = true
    },
    resume() {
      paused = false
      for (const pod of informers.pods.list()) if (pod.spec.nodeName) controller.enqueue(toRequest(pod))
    },
  }
}

function nextChange(pod: Pod): 'start' | 'succeed' | 'stop' | undefined {
  const { metadata, status } = pod
  // With no grace left only finalizers hold it, and those are not a kubelet's.
  if (metadata.deletionTimestamp) return metadata.deletionGracePeriodSeconds === 0 ? undefined : 'stop'
  if (hasEnded(status?.phase)) return undefined
  if (status?.phase !== 'Running') return 'start'
  return controllerOf(pod)?.kind === 'Job' ? 'succeed' : undefined
}

function toRequest({ metadata: { namespace = '', name = '' } }: Pod): ReconcileRequest {
  return { logicalCluster: '', namespace, name }
}
