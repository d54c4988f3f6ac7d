import { canonicalJson } from '../../base/canonical-json.ts'
import type { Reconcile, ReconcileRequest } from '../../controller/controller.ts'
import { ignoreNotFound, isForbidden, isNotFound } from '../../meta/api-errors.ts'
import { type NewCondition, withTransition } from '../../meta/conditions.ts'
import type { Publication } from '../../meta/fleet/placement.ts'
import type { KubeObject } from '../../meta/object.ts'
import { isWithin, matchesPaths, matchesTerms } from '../placement/choose-child-clusters.ts'
import { isEstablished } from './crd-copy.ts'
import type { Published, PublicationSteps, PublicationWorkspace, Target } from './publication-steps.ts'
import { isForChildCluster, publishToChild, releaseOnChild } from './publish-to-child.ts'
import { publishToWorkspace, releaseInWorkspace } from './publish-to-workspace.ts'
import { createTargetTable, listTargets, type TargetTable } from './target-table.ts'

/** What is to be looked at: a publication as a whole, its child clusters, its status, or one workspace for all of them. */
type Part = '' | 'children' | 'status' | 'workspace'

/** `namespace` tells the part: publications have none. */
export function publicationRequest(
  provider: string,
  name: string,
  part: '' | 'children' | 'status' = '',
): ReconcileRequest {
  return { logicalCluster: provider, namespace: part, name }
}

export function workspaceRequest(logicalCluster: string): ReconcileRequest {
  return { logicalCluster, namespace: 'workspace' satisfies Part, name: 'publications' }
}

const namedPaths = 5 // of those that a condition names
const atOnce = 8 // workspaces that one publication is brought to at the same time

/**
 * Puts the CRDs of provider workspaces where Publications say, keeps them there, and says for each target how it is. A
 * workspace that is new or has changed is looked at alone; all of them only when a publication or its types change.
 */
export function createPublicationReconciler(steps: PublicationSteps): Reconcile {
  const table = createTargetTable()
  return async ({ logicalCluster, namespace, name }) => {
    if (namespace === ('workspace' satisfies Part)) return lookAtWorkspace(steps, table, logicalCluster)
    const publication = await steps.getPublication(logicalCluster, name)
    if (!publication || publication.metadata.deletionTimestamp) {
      table.forget(logicalCluster, name)
      return release(steps, logicalCluster, name)
    }
    const published = { provider: logicalCluster, publication }
    if (namespace === ('' satisfies Part)) await lookAtAll(steps, table, published)
    if (namespace === ('children' satisfies Part)) await lookAtChildren(steps, table, published)
    return writeStatus(steps, table, published)
  }
}

/** The types that can be published, and what is wrong with the others. */
async function readTypes(
  steps: PublicationSteps,
  { provider, publication }: Published,
): Promise<{ types: KubeObject[]; atProvider: Target[] }> {
  const types: KubeObject[] = []
  const atProvider: Target[] = []
  for (const name of publication.spec.customResourceDefinitions) {
    const crd = await steps.getCrd(provider, name)
    if (crd && isEstablished(crd)) {
      types.push(crd)
      continue
    }
    const message = crd
      ? 'the CRD is not established in the provider workspace'
      : 'the provider workspace has no such CRD'
    const reason = crd ? 'NotEstablished' : 'NotFound'
    atProvider.push({
      type: 'Workspace',
      name: await pathOf(steps, provider),
      crd: name,
      ready: false,
      reason,
      message,
    })
  }
  return { types, atProvider }
}

function pathOf(steps: PublicationSteps, logicalCluster: string): Promise<string> {
  return steps.workspacePath(logicalCluster)
}

async function lookAtAll(steps: PublicationSteps, table: TargetTable, published: Published): Promise<void> {
  const { provider, publication } = published
  const { metadata, status } = publication
  const { types, atProvider } = await readTypes(steps, published)
  const targets = table.of(provider, metadata.name ?? '')
  const unseen = new Set(targets.workspaces.keys())
  targets.atProvider = atProvider
  await bringToChildren(steps, table, published, types)
  const providerPath = await pathOf(steps, provider)
  await forEachOf(steps.workspaces(), async (workspace) => {
    if (!isForWorkspace(published, providerPath, workspace)) return
    unseen.delete(workspace.logicalCluster)
    await bringToWorkspace(steps, table, published, types, workspace)
  })
  for (const logicalCluster of unseen) targets.workspaces.delete(logicalCluster)
  // Whoever is not selected any more keeps the types as its own.
  if (status?.observedGeneration !== metadata.generation) await releaseUnselected(steps, published, targets.workspaces)
  targets.completeFor = metadata.generation ?? 1
}

/** What a publication selects counts only below the workspace that it lives in: nobody publishes to their neighbours. */
function isForWorkspace(
  { provider, publication: { spec } }: Published,
  providerPath: string,
  { logicalCluster, path, labels }: PublicationWorkspace,
): boolean {
  if (logicalCluster === provider || !spec.workspaces || !isWithin(path, providerPath)) return false
  const { paths, selector } = spec.workspaces
  return (paths === undefined || matchesPaths(paths, path)) && matchesTerms(selector, labels)
}

/** A few at the same time: the next one is read when one is done. */
async function forEachOf<T>(items: AsyncIterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const underway = new Set<Promise<void>>()
  for await (const item of items) {
    const one: Promise<void> = work(item).finally(() => underway.delete(one))
    underway.add(one)
    if (underway.size >= atOnce) await Promise.race(underway)
  }
  await Promise.all(underway)
}

/** One workspace that fails keeps no other from its types: it is noted, and looked at again by itself. */
async function bringToWorkspace(
  steps: PublicationSteps,
  table: TargetTable,
  published: Published,
  types: readonly KubeObject[],
  workspace: PublicationWorkspace,
): Promise<void> {
  const { provider, publication } = published
  const { workspaces } = table.of(provider, publication.metadata.name ?? '')
  const { logicalCluster, path } = workspace
  const notReady: Target[] = []
  for (const crd of types) {
    try {
      const target = await publishToWorkspace(steps, published, crd, workspace)
      if (!target.ready) notReady.push(target)
    } catch (error) {
      if (isNotFound(error)) return void workspaces.delete(logicalCluster) // the workspace has gone
      const { message } = error as Error
      notReady.push({
        type: 'Workspace',
        name: path,
        crd: crd.metadata.name ?? '',
        ready: false,
        reason: 'Error',
        message,
      })
      steps.retryWorkspace(logicalCluster)
    }
  }
  workspaces.set(logicalCluster, { path, total: types.length, notReady })
}

async function lookAtWorkspace(steps: PublicationSteps, table: TargetTable, logicalCluster: string): Promise<void> {
  const workspace = await steps.workspaceOf(logicalCluster)
  for (const listed of steps.publications()) {
    const { provider } = listed
    const name = listed.publication.metadata.name ?? ''
    // The provider may have gone, too, and then it has nothing below it.
    const providerPath = (await pathOf(steps, provider).catch(ignoreNotFound)) ?? ''
    const isListed = workspace !== undefined && isForWorkspace(listed, providerPath, workspace)
    // Most are for other workspaces: the list says so without a read, and one that it is behind with is looked at whole.
    if (!isListed && !table.has(provider, name, logicalCluster)) continue
    // The list may still have one that has gone, and that would take back what it has just released.
    const publication = await steps.getPublication(provider, name)
    if (!publication || publication.metadata.deletionTimestamp) continue
    const published = { provider, publication }
    const { workspaces } = table.of(provider, name)
    const before = canonicalJson(workspaces.get(logicalCluster) ?? null)
    if (workspace && isForWorkspace(published, providerPath, workspace)) {
      const { types } = await readTypes(steps, published)
      await bringToWorkspace(steps, table, published, types, workspace)
    } else if (workspaces.delete(logicalCluster) && workspace) {
      for (const crd of publication.spec.customResourceDefinitions)
        await releaseInWorkspace(steps, `${provider}/${name}`, { logicalCluster, name: crd })
    }
    if (canonicalJson(workspaces.get(logicalCluster) ?? null) !== before) steps.statusChanged(provider, name)
  }
}

async function lookAtChildren(steps: PublicationSteps, table: TargetTable, published: Published): Promise<void> {
  const { types } = await readTypes(steps, published)
  await bringToChildren(steps, table, published, types)
}

async function bringToChildren(
  steps: PublicationSteps,
  table: TargetTable,
  published: Published,
  types: readonly KubeObject[],
): Promise<void> {
  const { provider, publication } = published
  const name = publication.metadata.name ?? ''
  const providerPath = await pathOf(steps, provider)
  const children: Target[] = []
  const chosen = (await steps.childClusters()).filter((child) => isForChildCluster(published, providerPath, child))
  for (const childCluster of chosen)
    for (const crd of types) children.push(await publishToChild(steps, published, crd, childCluster))
  table.of(provider, name).children = children
  const uids = new Set(chosen.map(({ uid }) => uid))
  for (const slot of await steps.crdSlots(provider)) {
    const delivery = await steps.getDelivery(slot.childClusterUid, slot.name)
    const isWanted =
      uids.has(slot.childClusterUid) &&
      publication.spec.customResourceDefinitions.includes(delivery?.spec.source.name ?? '')
    // A child that leaves takes care of itself.
    if (!isWanted && (await isStaying(steps, slot.childClusterUid))) await releaseOnChild(steps, name, slot)
  }
}

async function isStaying(steps: PublicationSteps, uid: string): Promise<boolean> {
  const childCluster = (await steps.childClusters()).find((one) => one.uid === uid)
  return (
    childCluster !== undefined && !childCluster.object.spec.leaving && !childCluster.object.metadata.deletionTimestamp
  )
}

/** Copies of workspaces or types that a publication selected once. */
async function releaseUnselected(
  steps: PublicationSteps,
  { provider, publication }: Published,
  selected: ReadonlyMap<string, unknown>,
): Promise<void> {
  const { metadata, spec } = publication
  const owner = `${provider}/${metadata.name ?? ''}`
  await forEachOf(steps.crdAddresses(), async (address) => {
    const isWanted = selected.has(address.logicalCluster) && spec.customResourceDefinitions.includes(address.name)
    if (!isWanted && address.logicalCluster !== provider) await releaseInWorkspace(steps, owner, address)
  })
}

/** A publication that is gone: every copy stays and belongs to where it is. */
async function release(steps: PublicationSteps, provider: string, name: string): Promise<void> {
  await forEachOf(steps.crdAddresses(), (address) => releaseInWorkspace(steps, `${provider}/${name}`, address))
  for (const slot of await steps.crdSlots(provider)) await releaseOnChild(steps, name, slot)
}

/** Paths that name no workspace below the publication's own. */
function pathsOutOfReach({ spec }: Publication, providerPath: string): string[] {
  return (spec.workspaces?.paths ?? []).filter((pattern) => {
    const isSubtree = pattern.endsWith(':*')
    const path = isSubtree ? pattern.slice(0, -2) : pattern
    return !isWithin(path, providerPath) && !(isSubtree && isWithin(providerPath, path))
  })
}

function readyCondition(
  total: number,
  ready: number,
  outOfReach: readonly string[],
): Pick<NewCondition, 'type' | 'status' | 'reason' | 'message'> {
  if (ready < total) {
    const message = `${total - ready} of ${total} targets are not ready`
    return { type: 'Ready', status: 'False', reason: 'TargetsNotReady', message }
  }
  if (outOfReach.length > 0) {
    const named = outOfReach.slice(0, namedPaths).join(', ')
    const more = outOfReach.length > namedPaths ? ` and ${outOfReach.length - namedPaths} more` : ''
    const message = `a publication reaches the workspaces below its own only: ${named}${more} are out of its reach`
    return { type: 'Ready', status: 'False', reason: 'OutOfReach', message }
  }
  return { type: 'Ready', status: 'True', reason: 'Published', message: `published to all ${total} targets` }
}

async function writeStatus(
  steps: PublicationSteps,
  table: TargetTable,
  { provider, publication }: Published,
): Promise<void> {
  const { metadata } = publication
  const known = table.of(provider, metadata.name ?? '')
  // Half of a count would be a wrong one: whoever looks at all of it will write.
  if (known.completeFor === undefined) return
  const { targets, total, ready } = listTargets(known, publication)
  const observedGeneration = known.completeFor
  const outOfReach = pathsOutOfReach(publication, await pathOf(steps, provider))
  const condition: NewCondition = { ...readyCondition(total, ready, outOfReach), observedGeneration }
  const conditions = [withTransition(condition, publication.status?.conditions ?? [], steps.now())]
  const status: NonNullable<Publication['status']> = { observedGeneration, total, ready, targets, conditions }
  if (canonicalJson(status) === canonicalJson(publication.status ?? {})) return
  try {
    await steps.updateStatus(provider, { ...publication, status })
  } catch (error) {
    if (!isNotFound(error) && !isForbidden(error)) throw error
  }
}
