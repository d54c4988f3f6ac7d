import { createHash } from 'node:crypto'
import { internalPrefix } from '../meta/fleet/fleet-names.ts'

/** Names that join and the syncer use in a child cluster, all in the namespace `atoll-system` where they are namespaced. */
export const agentServiceAccount = 'atoll-agent'
export const agentClusterRole = 'atoll-agent'
export const profileClusterRole = 'atoll-profile'
export const claimConfigMap = 'atoll-claim'
export const stateConfigMap = 'atoll-state'
export const syncerLease = 'atoll-syncer'
export const credentialsSecret = 'atoll-agent-credentials'
/** In each mapped namespace: binds the workspace's ServiceAccount to the profile. */
export const workspaceRoleBinding = 'atoll-workspace'

/** Our field manager: what it owns is what the hub wanted. */
export const fieldManager = 'atoll'
/** Holds `spec.replicas` between our letting go of it and the autoscaler's first write. */
export const handoverFieldManager = 'atoll-handover'
/** On objects in a child: uid of the source object that they are copies of. */
export const sourceUidAnnotation = `${internalPrefix}source-uid`

/** The ServiceAccount that objects of one logical cluster are applied as. */
export function workspaceServiceAccount(logicalCluster: string): string {
  if (/^[a-z0-9]{1,40}$/.test(logicalCluster)) return `workspace-${logicalCluster}`
  return `workspace-x-${createHash('sha256').update(logicalCluster).digest('hex').slice(0, 32)}`
}

/** What the mark of ownership on an object says: the slot's name and uid. Tenants cannot set it and cannot guess it. */
export function deliveryMark(delivery: { metadata: { name?: string; uid?: string } }): string {
  return `${delivery.metadata.name ?? ''}/${delivery.metadata.uid ?? ''}`
}
