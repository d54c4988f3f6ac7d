import { isConflict, isNotFound } from '../meta/api-errors.ts'
import type { Delivery } from '../meta/fleet/delivery.ts'
import { agentNamespace, managedLabel, namespaceOriginAnnotation } from '../meta/fleet/fleet-names.ts'
import type { GroupVersionResource } from '../meta/group-version.ts'
import type { JsonObject, KubeObject } from '../meta/object.ts'
import {
  agentClusterRole,
  agentServiceAccount,
  claimConfigMap,
  credentialsSecret,
  stateConfigMap,
  workspaceRoleBinding,
} from './child-names.ts'
import { type EmptyNamespaces, firstForeign, isEverywhere } from './empty-namespaces.ts'
import { removeSlot } from './remove-slot.ts'
import type { SlotParts } from './slot-parts.ts'
import { newSlotRecord, type SlotRecord } from './slot-record.ts'
import { namespaces, roleBindings, serviceAccounts } from './target-spaces.ts'

export interface LeaveParts extends SlotParts {
  hubId: string
  records: Map<string, SlotRecord>
  emptyNamespaces: EmptyNamespaces
  /** No longer waits for what the child forbids to delete, nor for namespaces to empty: leaving always ends. */
  isOverdue: boolean
}

const configMaps = { group: '', version: 'v1', resource: 'configmaps' }

/**
 * The child leaves its hub. `keep`: every object stays and loses our marks. `delete`: what the slots recorded goes, by uid.
 * One step of it: answers whether all is done, or has to be asked again.
 */
export async function leaveChild(parts: LeaveParts, workloads: 'keep' | 'delete'): Promise<boolean> {
  const slots = parts.deliveries.list()
  let done = true
  for (const delivery of slots) if (!(await letGo(parts, delivery, workloads))) done = false
  if (!done) return false
  if (workloads === 'delete' && !(await removeSpaces(parts, slots)) && !parts.isOverdue) return false
  await removeOwn(parts)
  return true
}

/** False while a namespace holds what is on its way out: pods are given time to end. */
async function removeSpaces({ emptyNamespaces }: LeaveParts, slots: readonly Delivery[]): Promise<boolean> {
  const spaces = new Map(slots.map(({ spec }) => [spec.targetNamespace, spec]))
  let done = true
  for (const spec of spaces.values()) if ((await emptyNamespaces.removeIfEmpty(spec)) === 'Emptying') done = false
  return done
}

async function letGo(parts: LeaveParts, delivery: Delivery, workloads: 'keep' | 'delete'): Promise<boolean> {
  const name = delivery.metadata.name ?? ''
  const record = parts.records.get(name) ?? newSlotRecord(delivery.metadata.uid ?? '')
  parts.records.set(name, record)
  if (isRemoved(record)) return true
  const removal = workloads === 'keep' && delivery.spec.desired === 'Present' ? 'release' : 'delete'
  await removeSlot(parts, delivery, record, delivery.spec.release ? 'release' : removal)
  if (isRemoved(record)) return true
  if (!parts.isOverdue || record.outcome.reason !== 'ForbiddenByChild') return false
  parts.logger.warn('an object stays behind because it may not be deleted', { delivery: name })
  return true
}

function isRemoved({ removed }: SlotRecord): boolean {
  return removed === true
}

/**
 * Bindings, the label of the namespaces (where they come from stays on them: joined again, the child goes on with them),
 * ServiceAccounts, then the claim: it says that the child is free. Last the namespace of the agent, and with it, as its
 * dependents, the cluster's roles that joining made.
 */
async function removeOwn({ child, hubId, logger }: LeaveParts): Promise<void> {
  const attempt = async (what: string, work: () => Promise<unknown>) => {
    try {
      await work()
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) return
      logger.warn('something of the syncer stays in the child cluster', { what, error: String(error) })
    }
  }
  const remove = (gvr: GroupVersionResource, namespace: string, name: string, uid: string) =>
    attempt(`${gvr.resource}/${name}`, () => child.delete(gvr, { namespace, name }, uid, undefined))
  for await (const { metadata } of child.self.resource(namespaces).listAll({ labelSelector: managedLabel })) {
    if (!metadata.annotations?.[namespaceOriginAnnotation]?.startsWith(`${hubId}/`)) continue
    const name = metadata.name ?? ''
    const binding = await child.get(roleBindings, { namespace: name, name: workspaceRoleBinding })
    if (binding) await remove(roleBindings, name, workspaceRoleBinding, binding.metadata.uid ?? '')
    const body = { metadata: { uid: metadata.uid, labels: { [managedLabel]: null } } } as unknown as JsonObject
    await attempt(`namespaces/${name}`, () => child.self.resource(namespaces).patch({ name }, { type: 'merge', body }))
  }
  const accounts = child.self
    .resource(serviceAccounts)
    .listAll({ namespace: agentNamespace, labelSelector: managedLabel })
  for await (const { metadata } of accounts)
    await remove(serviceAccounts, agentNamespace, metadata.name ?? '', metadata.uid ?? '')
  for (const name of [stateConfigMap, claimConfigMap]) {
    const map = await child.get(configMaps, { namespace: agentNamespace, name })
    if (map) await remove(configMaps, agentNamespace, name, map.metadata.uid ?? '')
  }
  await attempt(`namespaces/${agentNamespace}`, async () => {
    const own = await child.get(namespaces, { name: agentNamespace })
    if (!own) return
    const other = await firstForeign(child.self, agentNamespace, isOwn)
    if (other !== undefined)
      throw new Error(`it holds ${other.what}: "kubectl delete namespace ${agentNamespace}" removes it`)
    await child.delete(namespaces, { name: agentNamespace }, own.metadata.uid ?? '', undefined)
  })
}

const ownNames: Readonly<Record<string, string>> = {
  serviceaccounts: agentServiceAccount,
  secrets: credentialsSecret,
  roles: agentClusterRole,
  rolebindings: agentClusterRole,
}

/** What joining made in the agent's namespace. */
function isOwn(gvr: GroupVersionResource, object: KubeObject): boolean {
  return isEverywhere(gvr, object) || ownNames[gvr.resource] === object.metadata.name
}
