import { isAlreadyExists, ignoreNotFound } from '../../meta/api-errors.ts'
import { controllerReference } from '../claim-objects.ts'
import type { SimulationParts } from '../simulation-parts.ts'
import { fieldManager, replicaSets } from '../simulated-resources.ts'
import { hashTemplate, isSameTemplate, templateHashLabel } from '../template-hash.ts'
import type { Deployment, ReplicaSet } from '../workload-types.ts'
import { newReplicaSetAnnotations, revisionOf, sizeAnnotations } from './revision-annotations.ts'
import { ageKey, nameOf, nextNewSize, rolloutLimits } from './rollout-sizes.ts'

/** The ReplicaSet of the Deployment's template, the oldest where there are several; that of a rollback is found again. */
export function findCurrent(deployment: Deployment, owned: readonly ReplicaSet[]): ReplicaSet | undefined {
  return owned
    .filter((replicaSet) => isSameTemplate(replicaSet.spec.template, deployment.spec.template))
    .toSorted((a, b) => (ageKey(a) < ageKey(b) ? -1 : 1))[0]
}

/** The existing ReplicaSet of the template with its place in the history brought up to date. */
export async function refreshCurrent(
  { client }: SimulationParts,
  deployment: Deployment,
  current: ReplicaSet,
  old: readonly ReplicaSet[],
): Promise<ReplicaSet> {
  const { metadata, spec } = current
  const annotations = newReplicaSetAnnotations(deployment, metadata.annotations, nextRevision(old))
  const minReadySeconds = deployment.spec.minReadySeconds ?? 0
  const before = metadata.annotations ?? {}
  const same = Object.entries(annotations).every(([name, value]) => before[name] === value)
  if (same && (spec.minReadySeconds ?? 0) === minReadySeconds) return current
  const { namespace = '', name = '', uid, resourceVersion } = metadata
  const body = { metadata: { uid, resourceVersion, annotations }, spec: { minReadySeconds } }
  return client.resource<ReplicaSet>(replicaSets).patch({ namespace, name }, { type: 'merge', body }, { fieldManager })
}

/** `collision`: the name is taken by another template, so the next attempt needs another hash. */
export type Creation = { replicaSet: ReplicaSet } | { collision: true } | { gone: true }

export async function createCurrent(
  { client }: SimulationParts,
  deployment: Deployment,
  old: readonly ReplicaSet[],
): Promise<Creation> {
  const { metadata, spec, status } = deployment
  const { namespace = '', name = '', uid } = metadata
  const limits = rolloutLimits(deployment)
  const hash = hashTemplate(spec.template, status?.collisionCount)
  const object: ReplicaSet = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${name}-${hash}`,
      namespace,
      labels: { ...spec.template.metadata?.labels, [templateHashLabel]: hash },
      annotations: {
        ...newReplicaSetAnnotations(deployment, undefined, nextRevision(old)),
        ...sizeAnnotations(limits.replicas, limits.maxSurge),
      },
      ownerReferences: [controllerReference(deployment, 'Deployment')],
    },
    spec: {
      replicas: 0,
      ...(spec.minReadySeconds === undefined ? {} : { minReadySeconds: spec.minReadySeconds }),
      selector: {
        ...spec.selector,
        matchLabels: { ...spec.selector.matchLabels, [templateHashLabel]: hash },
      },
      template: {
        ...spec.template,
        metadata: {
          ...spec.template.metadata,
          labels: { ...spec.template.metadata?.labels, [templateHashLabel]: hash },
        },
      },
    },
  }
  object.spec.replicas = nextNewSize(object, [...old, object], limits)
  const resource = client.resource<ReplicaSet>(replicaSets)
  try {
    return { replicaSet: await resource.create(object, { fieldManager }) }
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
  }
  const existing = await resource.get({ namespace, name: nameOf(object) }).catch(ignoreNotFound)
  if (!existing) return { gone: true }
  // Ours, and only the informer does not show it yet.
  const ours = existing.metadata.ownerReferences?.some((owner) => owner.controller && owner.uid === uid)
  return ours && isSameTemplate(existing.spec.template, spec.template) ? { replicaSet: existing } : { collision: true }
}

function nextRevision(old: readonly ReplicaSet[]): number {
  return Math.max(0, ...old.map(revisionOf)) + 1
}
