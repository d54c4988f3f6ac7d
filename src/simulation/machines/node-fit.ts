import { addQuantities, compareQuantities, parseQuantity, type Quantity } from '../../meta/quantity.ts'
import type { Node, NodeSelectorExpression, NodeSelectorTerm, Pod, PodSpec, Toleration } from '../workload-types.ts'

/** Why a pod may not run on a node, in the words of the real scheduler; undefined when it may. */
export function whyNot(pod: Pod, node: Node, others: readonly Pod[]): string | undefined {
  if (node.spec?.unschedulable && !toleratesUnschedulable(pod)) return 'node(s) were unschedulable'
  const taint = untoleratedTaint(pod, node)
  if (taint) return `node(s) had untolerated taint(s)`
  if (!selects(pod.spec, node)) return "node(s) didn't match Pod's node affinity/selector"
  return missingResource(pod, node, others)
}

function toleratesUnschedulable({ spec }: Pod): boolean {
  const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }
  return (spec.tolerations ?? []).some((toleration) => tolerates(toleration, taint))
}

function untoleratedTaint({ spec }: Pod, node: Node) {
  return (node.spec?.taints ?? []).find(
    (taint) =>
      taint.effect !== 'PreferNoSchedule' &&
      !(spec.tolerations ?? []).some((toleration) => tolerates(toleration, taint)),
  )
}

export function tolerates(toleration: Toleration, taint: { key: string; value?: string; effect: string }): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false
  if (toleration.key && toleration.key !== taint.key) return false
  if (toleration.operator === 'Exists') return true
  return toleration.key !== undefined && (toleration.value ?? '') === (taint.value ?? '')
}

/** Node selector and required node affinity. */
export function selects({ nodeSelector, affinity }: PodSpec, node: Node): boolean {
  const labels = node.metadata.labels ?? {}
  if (!Object.entries(nodeSelector ?? {}).every(([key, value]) => labels[key] === value)) return false
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  return terms === undefined || terms.some((term) => matchesTerm(term, node))
}

function matchesTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, { metadata }: Node): boolean {
  // A term without requirements matches nothing.
  if (matchExpressions.length + matchFields.length === 0) return false
  const labels = metadata.labels ?? {}
  return (
    matchExpressions.every((one) => matches(one, Object.hasOwn(labels, one.key) ? labels[one.key] : undefined)) &&
    matchFields.every((one) => one.key === 'metadata.name' && matches(one, metadata.name))
  )
}

function matches({ operator, values = [] }: NodeSelectorExpression, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
      return Number(value) > Number(values[0])
    case 'Lt':
      return Number(value) < Number(values[0])
    default:
      return false
  }
}

/** Init containers are left out of the sum: the simulation runs none. */
function missingResource(pod: Pod, node: Node, others: readonly Pod[]): string | undefined {
  const allocatable = node.status?.allocatable ?? {}
  if (others.length >= Number(allocatable['pods'] ?? 0)) return 'Too many pods'
  for (const name of resourceNames(pod)) {
    const wanted = [pod, ...others].map((one) => requestOf(one, name)).reduce(addQuantities)
    if (compareQuantities(wanted, quantity(allocatable[name])) > 0) return `Insufficient ${name}`
  }
  return undefined
}

function resourceNames({ spec }: Pod): Set<string> {
  return new Set(spec.containers.flatMap(({ resources }) => Object.keys(resources?.requests ?? {})))
}

function requestOf({ spec }: Pod, name: string): Quantity {
  return spec.containers
    .map(({ resources }) => quantity(resources?.requests?.[name]))
    .reduce(addQuantities, quantity('0'))
}

function quantity(text: string | undefined): Quantity {
  return parseQuantity(text ?? '0')
}
