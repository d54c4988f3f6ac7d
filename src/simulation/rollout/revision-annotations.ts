import type { Deployment, ReplicaSet } from '../workload-types.ts'

export const revisionAnnotation = 'deployment.kubernetes.io/revision'
const revisionHistoryAnnotation = 'deployment.kubernetes.io/revision-history'
const desiredReplicasAnnotation = 'deployment.kubernetes.io/desired-replicas'
const maxReplicasAnnotation = 'deployment.kubernetes.io/max-replicas'

/** What a ReplicaSet does not take over from its Deployment. */
const notInherited = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'deprecated.deployment.rollback.to',
  revisionAnnotation,
  revisionHistoryAnnotation,
  desiredReplicasAnnotation,
  maxReplicasAnnotation,
])

export function revisionOf({ metadata }: ReplicaSet): number {
  return Number(metadata.annotations?.[revisionAnnotation] ?? 0) || 0
}

/** The annotations of the ReplicaSet of the current template: those of the Deployment and its place in the history. */
export function newReplicaSetAnnotations(
  deployment: Deployment,
  current: Record<string, string> | undefined,
  revision: number,
): Record<string, string> {
  const inherited = Object.entries(deployment.metadata.annotations ?? {}).filter(([name]) => !notInherited.has(name))
  const annotations: Record<string, string> = { ...current, ...Object.fromEntries(inherited) }
  const before = Number(annotations[revisionAnnotation] ?? 0)
  if (before >= revision) return annotations
  annotations[revisionAnnotation] = String(revision)
  if (before > 0) {
    const history = annotations[revisionHistoryAnnotation]
    annotations[revisionHistoryAnnotation] = history ? `${history},${before}` : String(before)
  }
  return annotations
}

/** What the ReplicaSet was last scaled for: how a later change of `replicas` is noticed and shared out. */
export function sizeAnnotations(replicas: number, maxSurge: number): Record<string, string> {
  return { [desiredReplicasAnnotation]: String(replicas), [maxReplicasAnnotation]: String(replicas + maxSurge) }
}

export function desiredReplicasOf({ metadata }: ReplicaSet): number | undefined {
  return toNumber(metadata.annotations?.[desiredReplicasAnnotation])
}
export function maxReplicasOf({ metadata }: ReplicaSet): number | undefined {
  return toNumber(metadata.annotations?.[maxReplicasAnnotation])
}

function toNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined
}
