import { isAlreadyExists, ignoreNotFound, isNotFound } from '../../meta/api-errors.ts'
import { claimObjects, controllerReference, type Owner } from '../claim-objects.ts'
import type { SimulationParts } from '../simulation-parts.ts'
import { controllerRevisions, fieldManager } from '../simulated-resources.ts'
import { shortHash } from '../template-hash.ts'
import type { ControllerRevision, Pod, PodTemplate } from '../workload-types.ts'
import { sortKeys } from '../workload-status.ts'

/** On pods and revisions: which template they are of. On pods the value is the revision's whole name, or its hash. */
export const revisionHashLabel = 'controller-revision-hash'
const hashLabel = 'controller.kubernetes.io/hash'

export interface RevisionedOwner extends Owner {
  spec: Owner['spec'] & { template: PodTemplate; revisionHistoryLimit?: number }
  status?: { collisionCount?: number }
}

export interface Revisions {
  /** That of the owner's template as it is now. */
  current: ControllerRevision
  /** All, from old to new; the last one is `current`. */
  all: readonly ControllerRevision[]
}

/**
 * The history of a StatefulSet or DaemonSet as `kubectl rollout history` reads it. A template that was there before
 * becomes the newest again under its old name. Undefined: the name is taken by a different template, look again.
 */
export async function syncRevisions(
  parts: SimulationParts,
  owner: RevisionedOwner,
  kind: string,
): Promise<Revisions | undefined> {
  const { client, informers } = parts
  const resource = client.resource<ControllerRevision>(controllerRevisions)
  const claimed = await claimObjects({ owner, kind, informer: informers.controllerRevisions, client: resource })
  const known = claimed.toSorted((a, b) => a.revision - b.revision)
  const data = toRevisionData(owner.spec.template)
  const next = (known.at(-1)?.revision ?? 0) + 1
  const equal = known.findLast((revision) => isSameData(revision.data, data))
  if (equal && equal === known.at(-1)) return { current: equal, all: known }
  if (equal) {
    const { namespace = '', name = '', uid, resourceVersion } = equal.metadata
    const body = { metadata: { uid, resourceVersion }, revision: next }
    const current = await resource.patch({ namespace, name }, { type: 'merge', body }, { fieldManager })
    return { current, all: [...known.filter((one) => one !== equal), current] }
  }
  const current = await createRevision(parts, owner, kind, { data, next })
  return current && { current, all: [...known, current] }
}

/** Deletes what is older than the history limit and neither current nor of a living pod. */
export async function trimRevisions(
  { client }: SimulationParts,
  { spec }: RevisionedOwner,
  { all, current }: Revisions,
  pods: readonly Pod[],
): Promise<void> {
  const living = new Set(pods.map(({ metadata }) => metadata.labels?.[revisionHashLabel]))
  const isLiving = (one: ControllerRevision) => living.has(one.metadata.name) || living.has(revisionHashOf(one))
  const idle = all.filter((one) => one !== current && !isLiving(one))
  const surplus = idle.slice(0, Math.max(0, idle.length - (spec.revisionHistoryLimit ?? 10)))
  for (const { metadata } of surplus) {
    const { namespace = '', name = '', uid = '' } = metadata
    await client
      .resource(controllerRevisions)
      .delete({ namespace, name }, { preconditions: { uid } })
      .catch((error: unknown) => {
        if (!isNotFound(error)) throw error
      })
  }
}

export function revisionHashOf({ metadata }: ControllerRevision): string {
  return metadata.labels?.[hashLabel] ?? metadata.labels?.[revisionHashLabel] ?? ''
}

/** The pod template that a revision keeps; that of pods which are not to be updated yet. */
export function templateOf({ data }: ControllerRevision): PodTemplate | undefined {
  return (data as { spec?: { template?: PodTemplate } } | undefined)?.spec?.template
}

interface NewRevision {
  data: unknown
  next: number
}

async function createRevision(
  { client }: SimulationParts,
  owner: RevisionedOwner,
  kind: string,
  { data, next }: NewRevision,
): Promise<ControllerRevision | undefined> {
  const { name: ownerName = '', namespace = '', uid } = owner.metadata
  const hash = shortHash(`${JSON.stringify(sortKeys(data))}${owner.status?.collisionCount || ''}`)
  const name = `${ownerName}-${hash}`
  const resource = client.resource<ControllerRevision>(controllerRevisions)
  const object: ControllerRevision = {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name,
      namespace,
      labels: { ...owner.spec.template.metadata?.labels, [hashLabel]: hash, [revisionHashLabel]: hash },
      ...(owner.metadata.annotations ? { annotations: owner.metadata.annotations } : {}),
      ownerReferences: [controllerReference(owner, kind)],
    },
    data,
    revision: next,
  }
  try {
    return await resource.create(object, { fieldManager })
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
  }
  const existing = await resource.get({ namespace, name }).catch(ignoreNotFound)
  const ours = existing?.metadata.ownerReferences?.some((reference) => reference.uid === uid)
  return ours && isSameData(existing?.data, data) ? existing : undefined
}

/** A strategic merge patch that puts the template back, which is what `kubectl rollout undo` sends. */
function toRevisionData(template: PodTemplate): unknown {
  return { spec: { template: { ...template, $patch: 'replace' } } }
}

function isSameData(a: unknown, b: unknown): boolean {
  return JSON.stringify(sortKeys(a)) === JSON.stringify(sortKeys(b))
}
