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

export function replicasOf({ spec }: KubeObject): number | undefined {
  const replicas = (spec as { replicas?: unknown } | undefined)?.replicas
  return typeof replicas === 'number' ? replicas : undefined
}

/**
 * Why an object of a deliverable kind stays nevertheless: what every workspace has by itself, tokens, what a controller
 * made. Undefined when it may go.
 */
export function whyNotDeliverable(group: string, resource: string, object: KubeObject): string | undefined {
  const { name, ownerReferences } = object.metadata
  if (!isDeliverableResource(group, resource)) return notOfThisKind(group, resource)
  if (group === '' && resource === 'serviceaccounts' && name === 'default') return 'every namespace has one of its own'
  if (group === '' && resource === 'configmaps' && name === 'kube-root-ca.crt')
    return 'every namespace has one of its own'
  if (group === '' && resource === 'secrets' && object['type'] === 'kubernetes.io/service-account-token')
    return 'a token of this workspace means nothing in a child cluster'
  const owner = ownerReferences?.find(({ controller }) => controller === true)
  return owner && `it belongs to the ${owner.kind} "${owner.name}", which makes it anew wherever it is placed`
}

function notOfThisKind(group: string, resource: string): string {
  if (resource === 'customresourcedefinitions') return 'CRDs reach child clusters by a Publication'
  return `${resource}${group === '' ? '' : `.${group}`} belong to this workspace and are not delivered`
}
