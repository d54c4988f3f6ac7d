import { canonicalJson } from '../../base/canonical-json.ts'
import type { Reconcile, ReconcileResult } from '../../controller/controller.ts'
import { type NewCondition, withTransition } from '../../meta/conditions.ts'
import type { Delivery } from '../../meta/fleet/delivery.ts'
import { publicationAnnotation } from '../../meta/fleet/fleet-names.ts'
import type { Publication } from '../../meta/fleet/placement.ts'
import type { Condition, JsonObject, KubeObject } from '../../meta/object.ts'
import {
  isOfferedTo,
  isWithin,
  matchesPaths,
  matchesTerms,
  type RegisteredChildCluster,
} from '../placement/choose-child-clusters.ts'
import { deliveryName } from '../placement/slot-names.ts'

/** A workspace that types may be published to. */
export interface PublicationWorkspace {
  logicalCluster: string
  path: string
  labels: Readonly<Record<string, string>>
}

export interface PublicationSteps {
  getPublication(logicalCluster: string, name: string): Promise<Publication | undefined>
  /** Path of a logical cluster. */
  workspacePath(logicalCluster: string): Promise<string>
  /** Every workspace there is, the provider's own among them. */
  workspaces(): AsyncIterable<PublicationWorkspace>
  getCrd(logicalCluster: string, name: string): Promise<KubeObject | undefined>
  createCrd(logicalCluster: string, crd: KubeObject): Promise<void>
  updateCrd(logicalCluster: string, crd: KubeObject): Promise<void>
  childClusters(): Promise<readonly RegisteredChildCluster[]>
  getDelivery(childClusterUid: string, name: string): Promise<Delivery | undefined>
  putDelivery(childClusterUid: string, delivery: Delivery): Promise<void>
  updateStatus(logicalCluster: string, publication: Publication): Promise<void>
  hub(): { id: string; incarnation: number }
  now(): number
}

type Target = NonNullable<NonNullable<Publication['status']>['targets']>[number]

const lookAgainMs = 5_000 // while a target is not ready
const maxTargets = 500 // what a status holds; those that are not ready come first

/** Puts the CRDs of a provider workspace where a Publication says, keeps them there, and says for each target how it is. */
export function createPublicationReconciler(steps: PublicationSteps): Reconcile {
  return async ({ logicalCluster, name }): Promise<ReconcileResult | void> => {
    const publication = await steps.getPublication(logicalCluster, name)
    if (!publication || publication.metadata.deletionTimestamp) return
    const providerPath = await steps.workspacePath(logicalCluster)
    const targets: Target[] = []
    for (const crdName of publication.spec.customResourceDefinitions) {
      const crd = await steps.getCrd(logicalCluster, crdName)
      const established = crd && isEstablished(crd)
      if (!crd || !established) {
        const reason = crd ? 'NotEstablished' : 'NotFound'
        targets.push({
          type: 'Workspace',
          name: '',
          crd: crdName,
          ready: false,
          reason,
          message: 'in the provider workspace',
        })
        continue
      }
      for await (const workspace of steps.workspaces()) {
        if (workspace.logicalCluster === logicalCluster || !isForWorkspace(publication, providerPath, workspace))
          continue
        targets.push(await publishToWorkspace(steps, logicalCluster, publication, crd, workspace))
      }
      for (const childCluster of await steps.childClusters())
        if (isForChildCluster(publication, providerPath, childCluster))
          targets.push(await publishToChildCluster(steps, logicalCluster, publication, crd, childCluster))
    }
    await report(steps, logicalCluster, publication, targets)
    return targets.every(({ ready }) => ready) ? undefined : { requeueAfterMs: lookAgainMs }
  }
}

/** What a publication selects counts only below the workspace that it lives in: nobody publishes to their neighbours. */
function isForWorkspace({ spec }: Publication, providerPath: string, { path, labels }: PublicationWorkspace): boolean {
  if (!spec.workspaces || !isWithin(path, providerPath)) return false
  const { paths, selector } = spec.workspaces
  return (paths === undefined || matchesPaths(paths, path)) && matchesTerms(selector, labels)
}

function isForChildCluster({ spec }: Publication, providerPath: string, childCluster: RegisteredChildCluster): boolean {
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

function isEstablished({ status }: KubeObject): boolean {
  // A real server writes null where nothing has been said yet.
  const { conditions } = (status ?? {}) as { conditions?: Condition[] | null }
  return (conditions ?? []).some(({ type, status: is }) => type === 'Established' && is === 'True')
}

async function publishToWorkspace(
  steps: PublicationSteps,
  provider: string,
  { metadata, spec }: Publication,
  crd: KubeObject,
  { logicalCluster, path }: PublicationWorkspace,
): Promise<Target> {
  const owner = `${provider}/${metadata.name ?? ''}`
  const crdName = crd.metadata.name ?? ''
  const target = (ready: boolean, reason: string, message?: string): Target => ({
    type: 'Workspace',
    name: path,
    crd: crdName,
    ready,
    reason,
    ...(message === undefined ? {} : { message }),
  })
  const current = await steps.getCrd(logicalCluster, crdName)
  if (!current) {
    await steps.createCrd(logicalCluster, copyOf(crd, owner))
    return target(true, 'Published')
  }
  if (current.metadata.deletionTimestamp) return target(false, 'Terminating', 'the type is being deleted there')
  const currentOwner = current.metadata.annotations?.[publicationAnnotation]
  const equal = canonicalJson(current['spec']) === canonicalJson(crd['spec'])
  if (currentOwner === owner) {
    if (equal) return target(true, 'Published')
    if (spec.drift === 'Report') return target(false, 'Drifted', 'the type differs from what is published')
    await steps.updateCrd(logicalCluster, { ...current, spec: crd['spec'] })
    return target(true, 'Published')
  }
  if (currentOwner !== undefined)
    return target(false, 'OwnedByAnotherPublication', `the type is published by ${currentOwner}`)
  const mayAdopt = spec.conflict === 'Overwrite' || (spec.conflict === 'AdoptIfEqual' && equal)
  if (!mayAdopt) return target(false, 'OwnedByWorkspace', 'the workspace has a type of this name of its own')
  const annotations = { ...current.metadata.annotations, [publicationAnnotation]: owner }
  await steps.updateCrd(logicalCluster, {
    ...current,
    spec: crd['spec'],
    metadata: { ...current.metadata, annotations },
  })
  return target(true, 'Adopted')
}

function copyOf({ metadata, spec }: KubeObject, owner: string): KubeObject {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: metadata.name ?? '',
      ...(metadata.labels ? { labels: metadata.labels } : {}),
      annotations: { ...publicAnnotations(metadata.annotations), [publicationAnnotation]: owner },
    },
    spec: structuredClone(spec),
  }
}

function publicAnnotations(annotations: Readonly<Record<string, string>> = {}): Record<string, string> {
  const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'
  return Object.fromEntries(
    Object.entries(annotations).filter(([key]) => key !== lastApplied && key !== publicationAnnotation),
  )
}

/** The slot that brings a published CRD to a child cluster: what placement lets custom resources wait for. */
export function crdSlotName(provider: string, crdName: string): string {
  return deliveryName({
    logicalCluster: provider,
    group: 'apiextensions.k8s.io',
    resource: 'customresourcedefinitions',
    kind: '',
    namespace: '',
    name: crdName,
  })
}

async function publishToChildCluster(
  steps: PublicationSteps,
  provider: string,
  { spec }: Publication,
  crd: KubeObject,
  { uid, name: clusterName }: RegisteredChildCluster,
): Promise<Target> {
  const crdName = crd.metadata.name ?? ''
  const name = crdSlotName(provider, crdName)
  const { metadata } = copyOf(crd, '')
  const manifest = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: crdName,
      annotations: publicAnnotations(metadata.annotations),
      ...(metadata.labels ? { labels: metadata.labels } : {}),
    },
    spec: crd['spec'],
  } as unknown as JsonObject
  const wanted: Omit<Delivery['spec'], 'epoch' | 'incarnation'> = {
    source: {
      logicalCluster: provider,
      group: 'apiextensions.k8s.io',
      resource: 'customresourcedefinitions',
      kind: 'CustomResourceDefinition',
      namespace: '',
      name: crdName,
    },
    desired: 'Present',
    sourceUid: crd.metadata.uid ?? '',
    sourceGeneration: crd.metadata.generation ?? 1,
    manifest,
    applyAs: 'system',
    targetNamespace: '',
    conflictPolicy: spec.conflict ?? 'Refuse',
    driftPolicy: spec.drift ?? 'Enforce',
  }
  const current = await steps.getDelivery(uid, name)
  const { incarnation } = steps.hub()
  const { epoch = 0, incarnation: _, ...before } = current?.spec ?? {}
  if (!current || canonicalJson(before) !== canonicalJson(wanted)) {
    const object = { ...wanted, epoch: epoch + 1, incarnation }
    const fresh: Delivery = {
      apiVersion: 'fleet.atoll.dev/v1alpha1',
      kind: 'Delivery',
      metadata: { name },
      spec: object,
    }
    await steps.putDelivery(uid, current ? { ...current, spec: object } : fresh)
  }
  const applied = current?.status?.conditions?.find(({ type }) => type === 'Applied')
  const ready =
    applied?.status === 'True' && isEstablished({ metadata: {}, status: current?.status?.childStatus ?? {} })
  const reason = ready ? 'Published' : (applied?.reason ?? 'Pending')
  return {
    type: 'ChildCluster',
    name: clusterName,
    crd: crdName,
    ready,
    reason,
    ...(applied && !ready ? { message: applied.message } : {}),
  }
}

async function report(
  steps: PublicationSteps,
  logicalCluster: string,
  publication: Publication,
  targets: readonly Target[],
): Promise<void> {
  const waiting = targets.filter(({ ready }) => !ready).length
  const condition: NewCondition = {
    type: 'Ready',
    status: waiting === 0 ? 'True' : 'False',
    reason: waiting === 0 ? 'Published' : 'TargetsNotReady',
    message: waiting === 0 ? '' : `${waiting} of ${targets.length} targets are not ready`,
  }
  const ready = withTransition(condition, publication.status?.conditions ?? [], steps.now())
  const sorted = [...targets].sort((a, b) => Number(a.ready) - Number(b.ready)).slice(0, maxTargets)
  const { generation: observedGeneration = 1 } = publication.metadata
  const status = { observedGeneration, targets: sorted, conditions: [ready] }
  if (canonicalJson(status) !== canonicalJson(publication.status ?? {}))
    await steps.updateStatus(logicalCluster, { ...publication, status })
}
