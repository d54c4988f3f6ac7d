import type { KubeObject } from '../../meta/object.ts'

/** Kinds that are never delivered, whatever their labels: they belong to this workspace's own control plane. */
const neverDelivered = new Set([
  '/namespaces',
  '/events',
  'events.k8s.io/events',
  'coordination.k8s.io/leases',
  '/endpoints',
  'discovery.k8s.io/endpointslices',
  '/nodes',
  'apiextensions.k8s.io/customresourcedefinitions',
  'apiregistration.k8s.io/apiservices',
  'fleet.atoll.dev/placements',
  'fleet.atoll.dev/childclusters',
  'fleet.atoll.dev/deliveries',
  'fleet.atoll.dev/publications',
  'fleet.atoll.dev/agentreports',
  'tenancy.kcp.io/workspaces',
  'tenancy.kcp.io/workspacetypes',
  'core.kcp.io/logicalclusters',
])

/** Kinds whose `spec.replicas` can be divided. */
const replicated = new Set(['apps/deployments', 'apps/statefulsets', 'apps/replicasets', '/replicationcontrollers'])

export function isDeliverableResource(group: string, resource: string): boolean {
  return !neverDelivered.has(`${group}/${resource}`)
}

export function hasReplicas(group: string, resource: string): boolean {
  return replicated.has(`${group}/${resource}`)
}

/** Objects of deliverable kinds that stay nevertheless: what every workspace has by itself, tokens, what a controller made. */
export function isDeliverableObject(group: string, resource: string, object: KubeObject): boolean {
  const { name, ownerReferences } = object.metadata
  if (group === '' && resource === 'serviceaccounts' && name === 'default') return false
  if (group === '' && resource === 'configmaps' && name === 'kube-root-ca.crt') return false
  if (group === '' && resource === 'secrets' && object['type'] === 'kubernetes.io/service-account-token') return false
  return !ownerReferences?.some(({ controller }) => controller === true)
}
