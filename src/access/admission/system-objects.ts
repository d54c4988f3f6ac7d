import { isSystemMaster } from '../authentication/identity.ts'
import type { AdmissionPlugin, AdmissionTarget } from './admission.ts'
import { admissionForbidden } from './refuse.ts'

/**
 * Kinds that only the hub itself makes, changes and deletes, whatever RBAC grants in a workspace: what a logical cluster
 * is, and what goes to and comes from a child cluster. The status of the latter is its agent's to write.
 */
const systemKinds: ReadonlyMap<string, { agentWritesStatus: boolean }> = new Map([
  ['core.kcp.io/logicalclusters', { agentWritesStatus: false }],
  ['fleet.atoll.dev/deliveries', { agentWritesStatus: true }],
  ['fleet.atoll.dev/agentreports', { agentWritesStatus: true }],
])

export const systemObjects: AdmissionPlugin = {
  name: 'SystemObjects',
  handles: isRefused,
  validate(attributes) {
    if (isSystemMaster(attributes.user)) return
    throw admissionForbidden(attributes, `${attributes.resource} are written by the hub only`)
  },
}

function isRefused({ group, resource, subresource }: AdmissionTarget): boolean {
  const kind = systemKinds.get(`${group}/${resource}`)
  return kind !== undefined && !(subresource === 'status' && kind.agentWritesStatus)
}
