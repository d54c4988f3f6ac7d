import type { ResourceClient } from '../client/client.ts'
import type { ReconcileRequest } from '../controller/controller.ts'
import type { Informer, InformerEvent } from '../informer/informer.ts'
import { isConflict, isNotFound } from '../meta/api-errors.ts'
import { compileLabelRequirements, fromLabelSelector, type LabelSelector } from '../meta/label-selector.ts'
import type { KubeObject, OwnerReference } from '../meta/object.ts'
import { fieldManager } from './simulated-resources.ts'
import { controllerOf } from './simulation-informers.ts'

export interface Owner extends KubeObject {
  spec: { selector?: LabelSelector }
}

export interface ClaimOptions<T extends KubeObject> {
  owner: Owner
  kind: string
  /** With the indexes `owner` and `orphans`. */
  informer: Informer<T>
  client: ResourceClient<T>
}

/**
 * The objects that an owner controls: its own as long as its selector matches them, and orphans that it matches, which
 * are adopted. One that the selector no longer matches is released.
 */
export async function claimObjects<T extends KubeObject>(options: ClaimOptions<T>): Promise<T[]> {
  const { owner, informer } = options
  const { uid = '', namespace = '', deletionTimestamp } = owner.metadata
  const matches = compileLabelRequirements(fromLabelSelector(owner.spec.selector))
  const claimed: T[] = []
  for (const object of informer.byIndex('owner', uid)) {
    if (matches(object.metadata.labels)) claimed.push(object)
    else await setOwners(options, object, without(object, uid))
  }
  if (deletionTimestamp) return claimed
  for (const object of informer.byIndex('orphans', namespace)) {
    if (object.metadata.deletionTimestamp || !matches(object.metadata.labels)) continue
    const owners = [...(object.metadata.ownerReferences ?? []), controllerReference(owner, options.kind)]
    const adopted = await setOwners(options, object, owners)
    if (adopted) claimed.push(adopted)
  }
  return claimed
}

export function controllerReference({ apiVersion = '', metadata }: KubeObject, kind: string): OwnerReference {
  const { name = '', uid = '' } = metadata
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true }
}

/** Requests for the owners of what an event is about, before and after; for an orphan: every owner that could adopt it. */
export function ownerRequests<T extends KubeObject, O extends Owner>(
  kind: string,
  owners: Informer<O>,
): (event: InformerEvent<T>) => ReconcileRequest[] {
  return (event) => {
    const { object, key } = event
    const states = event.type === 'updated' ? [event.previous, object] : [object]
    const references = states.map(controllerOf)
    const names = new Set(references.flatMap((reference) => (reference?.kind === kind ? [reference.name] : [])))
    if (event.type !== 'deleted' && !controllerOf(object)) {
      for (const { metadata, spec } of owners.list()) {
        if (metadata.namespace !== key.namespace) continue
        if (compileLabelRequirements(fromLabelSelector(spec.selector))(object.metadata.labels))
          names.add(metadata.name ?? '')
      }
    }
    return [...names].map((name) => ({ logicalCluster: '', namespace: key.namespace, name }))
  }
}

function without({ metadata }: KubeObject, uid: string): OwnerReference[] {
  return (metadata.ownerReferences ?? []).filter((reference) => reference.uid !== uid)
}

async function setOwners<T extends KubeObject>(
  { client }: ClaimOptions<T>,
  { metadata }: T,
  owners: readonly OwnerReference[],
): Promise<T | undefined> {
  const { namespace = '', name = '', uid, resourceVersion } = metadata
  const ownerReferences = owners.length === 0 ? null : owners.map((owner) => ({ ...owner }))
  const body = { metadata: { uid, resourceVersion, ownerReferences } }
  try {
    return await client.patch({ namespace, name }, { type: 'merge', body }, { fieldManager })
  } catch (error) {
    // Gone or changed meanwhile: the event of that brings us back.
    if (isNotFound(error) || isConflict(error)) return undefined
    throw error
  }
}
