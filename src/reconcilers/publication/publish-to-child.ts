import { canonicalJson } from '../../base/canonical-json.ts'
import type { Delivery } from '../../meta/fleet/delivery.ts'
import type { JsonObject, KubeObject } from '../../meta/object.ts'
import {
  isWithin,
  isOfferedTo,
  matchesPaths,
  matchesTerms,
  type RegisteredChildCluster,
} from '../placement/choose-child-clusters.ts'
import { copyOf, crdSlotName, isEstablished, whyNotEstablished } from './crd-copy.ts'
import { describeNarrowings, narrowings } from './narrower-schema.ts'
import type { Published, PublicationSteps, Target } from './publication-steps.ts'

export function isForChildCluster(
  { publication: { spec } }: Published,
  providerPath: string,
  childCluster: RegisteredChildCluster,
): boolean {
  const { name, object } = childCluster
  if (!spec.childClusters || object.spec.leaving || object.metadata.deletionTimestamp) return false
  if (!acceptsTypesFrom(childCluster, providerPath)) return false
  const { names, selector } = spec.childClusters
  if (names && !names.includes(name)) return false
  return matchesTerms(selector, object.metadata.labels ?? {})
}

/**
 * A CRD on a child is everybody's there, so being offered the child is not enough to bring one: publications come from
 * where it was joined, from above, or from a workspace that its administrator named among those it is offered to.
 */
function acceptsTypesFrom(childCluster: RegisteredChildCluster, providerPath: string): boolean {
  if (isWithin(childCluster.homePath, providerPath)) return true
  const { publishers = [] } = childCluster.object.spec
  return matchesPaths(publishers, providerPath) && isOfferedTo(childCluster, providerPath)
}

/** Writes the slot that brings one CRD to one child, and says how it is there. */
export async function publishToChild(
  steps: PublicationSteps,
  { provider, publication }: Published,
  crd: KubeObject,
  { uid, name: clusterName }: RegisteredChildCluster,
): Promise<Target> {
  const crdName = crd.metadata.name ?? ''
  const name = crdSlotName(provider, crdName)
  const target = (reason: string, message = ''): Target => ({
    type: 'ChildCluster',
    name: clusterName,
    crd: crdName,
    ready: reason === 'Published',
    reason,
    ...(message === '' ? {} : { message }),
  })
  const onItsWay = (what = 'on its way') => {
    const trouble = steps.troubleOf(uid)
    return trouble ? target(trouble.reason, trouble.message) : target('Pending', what)
  }
  const current = await steps.getDelivery(uid, name)
  const owner = current?.spec.publication
  if (current && owner !== undefined && owner !== publication.metadata.name && !givesWay(current, publication))
    // What it lets go of is the child's own for a moment: spec.conflict decides then, as it does in a workspace.
    return current.spec.desired === 'Present'
      ? target('OwnedByAnotherPublication', `the type is published there by "${owner}"`)
      : onItsWay(`"${owner}" is letting go of the type there`)
  const wanted = slotSpec(provider, publication.metadata.name ?? '', crd, publication.spec)
  const narrower = current && publication.spec.allowNarrowing !== true ? narrowed(current, wanted) : []
  if (narrower.length > 0) return target('NarrowerSchema', `${narrowerMessage}: ${describeNarrowings(narrower)}`)
  const { epoch = 0, incarnation: _, ...before } = current?.spec ?? {}
  if (!current || canonicalJson(before) !== canonicalJson(wanted)) {
    const spec = { ...wanted, epoch: epoch + 1, incarnation: steps.incarnationOf(uid) }
    const fresh: Delivery = {
      apiVersion: 'fleet.atoll.dev/v1alpha1',
      kind: 'Delivery',
      metadata: { name },
      spec,
    }
    await steps.putDelivery(uid, current ? { ...current, spec } : fresh)
    return onItsWay()
  }
  return current.status?.observedEpoch === current.spec.epoch ? judge(current.status, target) : onItsWay()
}

const conflictPolicies = ['Refuse', 'AdoptIfEqual', 'Overwrite'] as const // each goes further than the one before

/** A publication that met a type of the child's own there, and may not take it over, stands in nobody's way who may. */
function givesWay({ spec, status }: Delivery, { spec: { conflict = 'Refuse' } }: Published['publication']): boolean {
  if (spec.desired !== 'Present' || status?.observedEpoch !== spec.epoch) return false
  const applied = status.conditions?.find(({ type }) => type === 'Applied')
  const goesFurther = conflictPolicies.indexOf(conflict) > conflictPolicies.indexOf(spec.conflictPolicy)
  return applied?.reason === 'NotOurs' && goesFurther
}

const narrowerMessage =
  'objects of the type may be stored there and not fit the new definition, which spec.allowNarrowing would let pass'

/** How the slot does, by what the child says of it. */
function judge(status: NonNullable<Delivery['status']>, target: (reason: string, message?: string) => Target): Target {
  const conditionOf = (type: string) => status.conditions?.find((condition) => condition.type === type)
  const applied = conditionOf('Applied')
  const conflict = conditionOf('Conflict')
  if (applied?.status !== 'True')
    return target(applied?.reason ?? 'Pending', explain(applied?.reason, applied?.message))
  if (conflict?.status === 'True') return target(conflict.reason, conflict.message)
  const there: KubeObject = { metadata: {}, status: status.childStatus ?? {} }
  return isEstablished(there) ? target('Published') : target('NotEstablished', whyNotEstablished(there))
}

function explain(reason: string | undefined, message = ''): string {
  if (reason !== 'NotOurs') return message
  return `${message}: spec.conflict AdoptIfEqual would take over an equal one, Overwrite any`
}

function slotSpec(
  provider: string,
  publication: string,
  crd: KubeObject,
  { conflict, drift }: Published['publication']['spec'],
): Omit<Delivery['spec'], 'epoch' | 'incarnation'> {
  return {
    source: {
      logicalCluster: provider,
      group: 'apiextensions.k8s.io',
      resource: 'customresourcedefinitions',
      kind: 'CustomResourceDefinition',
      namespace: '',
      name: crd.metadata.name ?? '',
    },
    desired: 'Present',
    sourceUid: crd.metadata.uid ?? '',
    sourceGeneration: crd.metadata.generation ?? 1,
    manifest: copyOf(crd) as unknown as JsonObject,
    applyAs: 'system',
    targetNamespace: '',
    conflictPolicy: conflict ?? 'Refuse',
    driftPolicy: drift ?? 'Enforce',
    publication,
  }
}

/** Compared with what the child was last told; what it never had, nothing can be lost of. */
function narrowed({ spec, status }: Delivery, wanted: Omit<Delivery['spec'], 'epoch' | 'incarnation'>): string[] {
  if (spec.desired !== 'Present' || status?.appliedUid === undefined) return []
  return narrowings(spec.manifest?.['spec'], wanted.manifest?.['spec'])
}

/** Lets go of a CRD on a child: it stays there, and is looked after no more. */
export async function releaseOnChild(
  steps: PublicationSteps,
  publication: string,
  { childClusterUid: uid, name }: { childClusterUid: string; name: string },
): Promise<void> {
  const delivery = await steps.getDelivery(uid, name)
  if (!delivery || delivery.spec.publication !== publication) return
  const { spec, status } = delivery
  if (spec.desired === 'Absent') {
    if (status?.removed === true && status.observedEpoch === spec.epoch) await steps.deleteDelivery(uid, delivery)
    return
  }
  const { manifest: _, epoch, incarnation: __, ...kept } = spec
  const incarnation = steps.incarnationOf(uid)
  await steps.putDelivery(uid, {
    ...delivery,
    spec: { ...kept, desired: 'Absent', release: true, epoch: epoch + 1, incarnation },
  })
}
