import { isNotFound } from '../../meta/api-errors.ts'
import type { KubeObject } from '../../meta/object.ts'
import { generateName } from '../../meta/random-suffix.ts'
import { controllerReference } from '../claim-objects.ts'
import type { SimulationParts } from '../simulation-parts.ts'
import { fieldManager, pods } from '../simulated-resources.ts'
import type { Pod, PodSpec, PodTemplate } from '../workload-types.ts'

export interface NewPod {
  owner: KubeObject
  kind: string
  template: PodTemplate
  /** Absent: the owner's name and a random suffix. */
  name?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  /** Fields that differ from the template's. */
  spec?: Partial<PodSpec>
}

/** A pod of an owner's template. Its creation is an expectation until the informer shows it. */
export async function createPod({ client, expectations }: SimulationParts, pod: NewPod): Promise<void> {
  const { owner, kind, template } = pod
  const { namespace = '', uid: ownerUid = '' } = owner.metadata
  const prefix = `${owner.metadata.name ?? ''}-`
  const name = pod.name ?? generateName(prefix)
  const { labels, annotations, finalizers } = template.metadata ?? {}
  const object: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      generateName: prefix,
      namespace,
      labels: { ...labels, ...pod.labels },
      annotations: { ...annotations, ...pod.annotations },
      ...(finalizers ? { finalizers } : {}),
      ownerReferences: [controllerReference(owner, kind)],
    },
    spec: { ...template.spec, ...pod.spec },
  }
  expectations.expectCreation(ownerUid, name)
  try {
    await client.resource<Pod>(pods).create(object, { fieldManager })
  } catch (error) {
    expectations.withdraw(ownerUid, name)
    throw error
  }
}

/** Deletes one of an owner's pods; one that is gone already is fine. */
export async function deletePod(
  { client, expectations }: SimulationParts,
  { metadata: owner }: KubeObject,
  { metadata: { namespace = '', name = '', uid = '' } }: Pod,
): Promise<void> {
  const ownerUid = owner.uid ?? ''
  expectations.expectDeletion(ownerUid, uid)
  try {
    await client.resource<Pod>(pods).delete({ namespace, name }, { preconditions: { uid } })
  } catch (error) {
    expectations.withdraw(ownerUid, uid)
    if (!isNotFound(error)) throw error
  }
}

/** Runs at most `limit` at a time; one failure does not keep the others from being tried, the first one is thrown. */
export async function forEachBounded<T>(items: readonly T[], limit: number, action: (item: T) => Promise<void>) {
  const queue = [...items]
  const failures: unknown[] = []
  const work = async () => {
    for (let item = queue.shift(); item !== undefined && failures.length === 0; item = queue.shift())
      await action(item).catch((error: unknown) => void failures.push(error))
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work))
  if (failures.length > 0) throw failures[0]
}
