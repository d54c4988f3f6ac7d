import { defaultTo, type Fields, listAt, stringAt } from '../../fields.ts'

/** How long a pod stays on a node that is not ready or unreachable, unless it says otherwise. */
const tolerationSeconds = 300
const nodeTaints = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']
const systemPriorities: Readonly<Record<string, number>> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
}

/**
 * What upstream's admission plugins DefaultTolerationSeconds and Priority add to every new pod. A priority class of the
 * user's own is not looked up: the cluster that runs the pod does that.
 */
export function addPodAdmissionDefaults(spec: Fields): void {
  tolerateNodeTaints(spec)
  const className = stringAt(spec, 'priorityClassName')
  if (className !== '' && !Object.hasOwn(systemPriorities, className)) return
  defaultTo(spec, 'priority', systemPriorities[className] ?? 0)
  defaultTo(spec, 'preemptionPolicy', 'PreemptLowerPriority')
}

/** An update that leaves them out keeps what the pod has. */
export function keepPodAdmissionDefaults(spec: Fields, previous: Fields): void {
  tolerateNodeTaints(spec)
  for (const field of ['priority', 'preemptionPolicy']) {
    if (previous[field] !== undefined) defaultTo(spec, field, previous[field])
  }
}

function tolerateNodeTaints(spec: Fields): void {
  const tolerations = listAt(spec, 'tolerations')
  const missing = nodeTaints.filter((taint) => !tolerations.some((toleration) => covers(toleration, taint)))
  if (missing.length === 0) return
  const added = missing.map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds }))
  spec['tolerations'] = [...tolerations, ...added]
}

function covers(toleration: Fields, taint: string): boolean {
  const key = stringAt(toleration, 'key')
  const effect = stringAt(toleration, 'effect')
  return (key === taint || key === '') && (effect === 'NoExecute' || effect === '')
}
