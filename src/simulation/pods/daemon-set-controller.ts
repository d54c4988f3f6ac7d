import type { Controller, ReconcileRequest, ReconcileResult } from '../../controller/controller.ts'
import { informerSource } from '../../controller/informer-source.ts'
import { scaleIntOrPercent } from '../../meta/int-or-string.ts'
import { claimObjects, ownerRequests } from '../claim-objects.ts'
import { lookAgainMs } from '../expectations.ts'
import { selects, tolerates } from '../machines/node-fit.ts'
import { simulationController, type SimulationParts } from '../simulation-parts.ts'
import { daemonSets, pods as podResource } from '../simulated-resources.ts'
import type { DaemonSet, DaemonSetStatus, Node, Pod, PodSpec, Toleration } from '../workload-types.ts'
import { writeStatus } from '../workload-status.ts'
import {
  type Revisions,
  revisionHashLabel,
  revisionHashOf,
  syncRevisions,
  trimRevisions,
} from './controller-revisions.ts'
import { hasEnded, isAvailable, isReady, nextAvailableInMs } from './pod-facts.ts'
import { createPod, deletePod, forEachBounded } from './write-pods.ts'

const kind = 'DaemonSet'
const parallelWrites = 8

/** What daemons put up with, as upstream adds it to their pods. */
const daemonTolerations: readonly Toleration[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
]

/** Plays the DaemonSet controller: one pod on each node that takes it, replaced within maxUnavailable or maxSurge. */
export function daemonSetController(parts: SimulationParts): Controller {
  const { informers } = parts
  return simulationController(parts, {
    name: 'daemon-set',
    sources: [
      informerSource(informers.daemonSets),
      informerSource(informers.pods, ownerRequests(kind, informers.daemonSets)),
      informerSource(informers.nodes, () =>
        informers.daemonSets.list().map(({ metadata: { namespace = '', name = '' } }) => ({
          logicalCluster: '',
          namespace,
          name,
        })),
      ),
    ],
    reconcile: (request) => reconcile(parts, request),
  })
}

async function reconcile(
  parts: SimulationParts,
  { namespace, name }: ReconcileRequest,
): Promise<ReconcileResult | void> {
  const { informers, client, expectations, clock } = parts
  const set = informers.daemonSets.get({ namespace, name })
  if (!set || set.metadata.deletionTimestamp) return
  const revisions = await syncRevisions(parts, set, kind)
  const resource = client.resource<Pod>(podResource)
  const pods = await claimObjects({ owner: set, kind, informer: informers.pods, client: resource })
  const nowMs = clock.now()
  const observed = {
    set,
    pods,
    nodes: informers.nodes.list(),
    hash: revisions ? revisionHashOf(revisions.current) : '',
    nowMs,
  }
  const counts = revisions !== undefined && expectations.isMet(set.metadata.uid ?? '')
  if (counts) await advance(parts, observed, revisions)
  const collisionCount = (set.status?.collisionCount ?? 0) + (revisions ? 0 : 1)
  await writeStatus(client.resource<DaemonSet>(daemonSets), set, { ...statusOf(observed), collisionCount })
  const nextMs = counts ? nextAvailableInMs(pods, set.spec.minReadySeconds, nowMs) : lookAgainMs
  return nextMs === undefined ? undefined : { requeueAfterMs: nextMs }
}

interface Observed {
  set: DaemonSet
  pods: readonly Pod[]
  nodes: readonly Node[]
  /** Label value of pods that are of the current template. */
  hash: string
  nowMs: number
}

async function advance(parts: SimulationParts, observed: Observed, revisions: Revisions): Promise<void> {
  const { set, pods, nodes, hash } = observed
  const { creations, deletions } =
    set.spec.updateStrategy?.type === 'OnDelete' ? missing(observed) : replacing(observed)
  const known = new Set(nodes.map(({ metadata }) => metadata.name))
  const lost = pods.filter((pod) => !pod.metadata.deletionTimestamp && !known.has(targetOf(pod)))
  await forEachBounded([...new Set([...deletions, ...lost])], parallelWrites, (pod) => deletePod(parts, set, pod))
  await forEachBounded(creations, parallelWrites, (node) =>
    createPod(parts, {
      owner: set,
      kind,
      template: set.spec.template,
      labels: { [revisionHashLabel]: hash },
      spec: daemonSpec(set.spec.template.spec, node.metadata.name ?? ''),
    }),
  )
  await trimRevisions(parts, set, revisions, pods)
}

interface Steps {
  creations: Node[]
  deletions: Pod[]
}

/** A pod where there is none, none where there should be none, and no second one beside a good one. */
function missing(observed: Observed): Steps {
  const steps: Steps = { creations: [], deletions: [] }
  for (const node of observed.nodes) {
    const here = podsOn(observed, node)
    const alive = here.filter((pod) => !pod.metadata.deletionTimestamp)
    const ended = alive.filter((pod) => hasEnded(pod.status?.phase))
    steps.deletions.push(...(wantsPodOn(observed.set, node) ? ended : alive))
    if (wantsPodOn(observed.set, node) && here.length === 0) steps.creations.push(node)
  }
  return steps
}

/** Besides that, old pods give way to new ones, at most so many at a time. */
function replacing(observed: Observed): Steps {
  const { set, nodes, hash, nowMs } = observed
  const steps = missing(observed)
  const wanted = nodes.filter((node) => wantsPodOn(set, node))
  const { maxSurge = 0, maxUnavailable = 1 } = set.spec.updateStrategy?.rollingUpdate ?? {}
  const surge = scaleIntOrPercent(maxSurge, wanted.length, 'up') ?? 0
  const isGood = (pod: Pod) => !pod.metadata.deletionTimestamp && isAvailable(pod, set.spec.minReadySeconds, nowMs)
  const isNew = (pod: Pod) => pod.metadata.labels?.[revisionHashLabel] === hash
  let unavailable = wanted.filter((node) => !podsOn(observed, node).some(isGood)).length
  let surging = wanted.filter((node) => podsOn(observed, node).length > 1).length
  const limit = scaleIntOrPercent(maxUnavailable, wanted.length, 'up') ?? 1
  for (const node of wanted) {
    const here = podsOn(observed, node)
    const old = here.filter((pod) => !isNew(pod) && !pod.metadata.deletionTimestamp)
    if (old.length === 0) continue
    if (here.some((pod) => isNew(pod) && isGood(pod)) || !old.some(isGood)) steps.deletions.push(...old)
    else if (surge > 0) {
      if (surging >= surge || here.some(isNew)) continue
      surging += 1
      steps.creations.push(node)
    } else if (unavailable < limit) {
      unavailable += 1
      steps.deletions.push(...old)
    }
  }
  return steps
}

function wantsPodOn({ spec }: DaemonSet, node: Node): boolean {
  const tolerations = [...(spec.template.spec.tolerations ?? []), ...daemonTolerations]
  const refused = (node.spec?.taints ?? []).some(
    (taint) => taint.effect !== 'PreferNoSchedule' && !tolerations.some((toleration) => tolerates(toleration, taint)),
  )
  return !refused && selects(spec.template.spec, node)
}

function podsOn({ pods }: Observed, { metadata }: Node): Pod[] {
  return pods.filter((pod) => targetOf(pod) === metadata.name)
}

/** The node that a pod is on, or is meant for. */
function targetOf({ spec }: Pod): string | undefined {
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  return spec.nodeName ?? terms?.[0]?.matchFields?.find(({ key }) => key === 'metadata.name')?.values?.[0]
}

/** Bound by the scheduler like any other, but to one node only. */
function daemonSpec(spec: PodSpec, nodeName: string): Partial<PodSpec> {
  const nodeSelectorTerms = [{ matchFields: [{ key: 'metadata.name', operator: 'In' as const, values: [nodeName] }] }]
  return {
    affinity: {
      ...spec.affinity,
      nodeAffinity: {
        ...spec.affinity?.nodeAffinity,
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms },
      },
    },
    tolerations: [...(spec.tolerations ?? []), ...daemonTolerations.map((toleration) => ({ ...toleration }))],
  }
}

function statusOf(observed: Observed): DaemonSetStatus {
  const { set, nodes, hash, nowMs } = observed
  const wanted = nodes.filter((node) => wantsPodOn(set, node))
  const alive = (node: Node) => podsOn(observed, node).filter((pod) => !pod.metadata.deletionTimestamp)
  const nodesWith = (is: (pod: Pod) => boolean) => wanted.filter((node) => alive(node).some(is)).length
  const available = nodesWith((pod) => isAvailable(pod, set.spec.minReadySeconds, nowMs))
  return {
    observedGeneration: set.metadata.generation ?? 0,
    desiredNumberScheduled: wanted.length,
    currentNumberScheduled: nodesWith(() => true),
    numberMisscheduled: nodes.filter((node) => !wanted.includes(node) && alive(node).length > 0).length,
    numberReady: nodesWith(isReady),
    numberAvailable: available,
    numberUnavailable: wanted.length - available,
    updatedNumberScheduled: nodesWith((pod) => pod.metadata.labels?.[revisionHashLabel] === hash),
  }
}
