import type { Controller, ReconcileRequest } from '../../controller/controller.ts'
import { informerSource } from '../../controller/informer-source.ts'
import type { InformerEvent } from '../../informer/informer.ts'
import { isConflict, isNotFound } from '../../meta/api-errors.ts'
import type { KubeObject } from '../../meta/object.ts'
import { formatTime } from '../../meta/time.ts'
import { hasEnded } from '../pods/pod-facts.ts'
import { simulationController, type SimulationParts } from '../simulation-parts.ts'
import { fieldManager, pods } from '../simulated-resources.ts'
import type { Node, Pod } from '../workload-types.ts'
import { whyNot } from './node-fit.ts'

const schedulerName = 'default-scheduler'

/**
 * Plays the scheduler: binds each pod to the node with the fewest pods among those that it fits on. Of the real one's
 * rules it knows cordons, taints, node selectors, required node affinity, resource requests and volume claims; it knows
 * no preferences, no spreading and no preemption.
 */
export function schedulerController(parts: SimulationParts): Controller {
  const { informers } = parts
  // Decisions that the informer does not show yet: without them a burst of pods would all fit on the same node.
  const assumed = new Map<string, string>()
  const unbound = () => informers.pods.byIndex('node', '').map(toRequest)
  return simulationController(parts, {
    name: 'scheduler',
    workers: 1,
    sources: [
      informerSource<Pod>(informers.pods, (event) => {
        const { object } = event
        if (event.type === 'deleted' || object.spec.nodeName) assumed.delete(object.metadata.uid ?? '')
        // Room was made: others may fit now.
        if (event.type === 'deleted' || hasEnded(object.status?.phase)) return unbound()
        return object.spec.nodeName ? [] : [toRequest(object)]
      }),
      informerSource(informers.nodes, unbound),
      informerSource(informers.volumeClaims, ({ key }: InformerEvent<KubeObject>) =>
        unbound().filter(({ namespace }) => namespace === key.namespace),
      ),
    ],
    reconcile: ({ namespace, name }) => schedule(parts, assumed, informers.pods.get({ namespace, name })),
  })
}

async function schedule(parts: SimulationParts, assumed: Map<string, string>, pod: Pod | undefined): Promise<void> {
  if (!pod || pod.spec.nodeName || pod.metadata.deletionTimestamp || assumed.has(pod.metadata.uid ?? '')) return
  if ((pod.spec.schedulerName ?? schedulerName) !== schedulerName || pod.spec.schedulingGates?.length) return
  const missingClaim = unboundClaim(parts, pod)
  if (missingClaim !== undefined) return tellUnschedulable(parts, pod, missingClaim)
  const { node, message } = chooseNode(parts, assumed, pod)
  if (!node) return tellUnschedulable(parts, pod, message)
  await bind(parts, assumed, pod, node.metadata.name ?? '')
}

function chooseNode({ informers }: SimulationParts, assumed: ReadonlyMap<string, string>, pod: Pod) {
  const nodes = informers.nodes.list()
  const reasons = new Map<string, number>()
  let best: { node: Node; pods: number } | undefined
  for (const node of nodes) {
    const { name = '' } = node.metadata
    const waiting = informers.pods
      .byIndex('node', '')
      .filter(({ metadata }) => assumed.get(metadata.uid ?? '') === name)
    const others = [...informers.pods.byIndex('node', name), ...waiting].filter(
      ({ status }) => !hasEnded(status?.phase),
    )
    const reason = whyNot(pod, node, others)
    if (reason !== undefined) reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
    else if (!best || others.length < best.pods) best = { node, pods: others.length }
  }
  const told = [...reasons].map(([reason, count]) => `${count} ${reason}`).join(', ')
  return { node: best?.node, message: `0/${nodes.length} nodes are available${told ? `: ${told}` : ''}.` }
}

function unboundClaim({ informers }: SimulationParts, { metadata: { namespace = '' }, spec }: Pod): string | undefined {
  for (const { persistentVolumeClaim } of spec.volumes ?? []) {
    if (!persistentVolumeClaim) continue
    const name = persistentVolumeClaim.claimName
    const claim = informers.volumeClaims.get({ namespace, name })
    if (!claim) return `persistentvolumeclaim "${name}" not found`
    if (claim.status?.phase !== 'Bound') return `pod has unbound PersistentVolumeClaim "${name}"`
  }
  return undefined
}

async function bind({ client }: SimulationParts, assumed: Map<string, string>, pod: Pod, nodeName: string) {
  const { namespace = '', name = '', uid = '' } = pod.metadata
  const binding: KubeObject = {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name, namespace, uid },
    target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
  }
  assumed.set(uid, nodeName)
  try {
    await client.resource(pods).create(binding, { subresource: 'binding', namespace, fieldManager })
  } catch (error) {
    assumed.delete(uid)
    if (!isNotFound(error)) throw error
  }
}

async function tellUnschedulable({ client, clock }: SimulationParts, pod: Pod, message: string): Promise<void> {
  const { namespace = '', name = '', uid, resourceVersion } = pod.metadata
  const conditions = pod.status?.conditions ?? []
  const before = conditions.find(({ type }) => type === 'PodScheduled')
  if (before?.reason === 'Unschedulable' && before.message === message) return
  const time = before?.status === 'False' ? before.lastTransitionTime : formatTime(clock.now())
  const condition = {
    type: 'PodScheduled',
    status: 'False' as const,
    reason: 'Unschedulable',
    message,
    lastTransitionTime: time,
  }
  const others = conditions.filter(({ type }) => type !== 'PodScheduled').map((one) => ({ ...one }))
  const body = { metadata: { uid, resourceVersion }, status: { conditions: [...others, condition] } }
  await client
    .resource(pods)
    .patch({ namespace, name }, { type: 'merge', body }, { subresource: 'status', fieldManager })
    .catch((error: unknown) => {
      // A binding, or the end of the pod, came first.
      if (!isNotFound(error) && !isConflict(error)) throw error
    })
}

function toRequest({ metadata: { namespace = '', name = '' } }: Pod): ReconcileRequest {
  return { logicalCluster: '', namespace, name }
}
