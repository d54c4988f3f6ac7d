/** The API group of everything about child clusters. */
export const fleetGroup = 'fleet.atoll.dev'
export const fleetVersion = 'v1alpha1'
export const fleetApiVersion = `${fleetGroup}/${fleetVersion}`

/** Tenants put this label on an object or its namespace: the Placement that applies. */
export const placementLabel = 'fleet.atoll.dev/placement'
/** Holds a placed object until its copies are gone or given up. */
export const placedFinalizer = 'fleet.atoll.dev/placed'
/** Holds a Placement whose copies go with it until they have been told to. */
export const placementFinalizer = 'fleet.atoll.dev/placement'
/** Keys below this are the system's own; admission refuses them from tenants. */
export const internalPrefix = 'internal.fleet.atoll.dev/'
/** On a placed object: uids of the child clusters that have (or may still have) a slot for it, comma-separated, sorted. */
export const targetsAnnotation = `${internalPrefix}targets`
/** On a placed object that a selector chose: the name of that Placement. */
export const selectedByAnnotation = `${internalPrefix}selected-by`

/**
 * On an object that is to be placed, while something about that is not as asked: one line for each problem,
 * `<child cluster>: <reason>: <message>`. Written by placement alone, and not delivered.
 */
export const placementStatusAnnotation = 'fleet.atoll.dev/placement-status'

/** On a ChildCluster: the id of the hub that it is registered in. */
export const hubIdAnnotation = `${internalPrefix}hub-id`
/** Holds a ChildCluster until its child has let go of the hub, or it is forgotten. */
export const childClusterFinalizer = 'fleet.atoll.dev/child-cluster'
/** Set to `true` on a ChildCluster that is given up: its deletion waits for nobody. */
export const forgetAnnotation = 'fleet.atoll.dev/forget'

/** On a CRD that a publication put into a workspace: `<provider's logical cluster>/<publication>`. */
export const publicationAnnotation = `${internalPrefix}publication`

/** On objects in a child: hints for people and for watches; ownership is what the inventory recorded. */
export const managedLabel = 'fleet.atoll.dev/managed'
/** On objects in a child: the slot's name. */
export const deliveryAnnotation = `${internalPrefix}delivery`
/** On mapped namespaces in a child: `<hub id>/<logical cluster>/<namespace>`. */
export const namespaceOriginAnnotation = `${internalPrefix}origin`

/** The logical cluster of a child cluster: its deliveries live there and nothing else does. */
export function childLogicalCluster(childClusterUid: string): string {
  return `system:child:${childClusterUid}`
}

export function isChildLogicalCluster(logicalCluster: string): boolean {
  return logicalCluster.startsWith(childLogicalCluster(''))
}

/** uid of the ChildCluster whose logical cluster this is. */
export function childClusterUidOf(logicalCluster: string): string | undefined {
  return isChildLogicalCluster(logicalCluster) ? logicalCluster.slice(childLogicalCluster('').length) : undefined
}

/** The user that an agent is, by its client certificate (CN); its one group (O) is `agentGroup`. */
export function agentUser(childClusterUid: string): string {
  return `system:fleet:agent:${childClusterUid}`
}
export const agentGroup = 'system:fleet:agents'

/** In the child: where the agent lives and keeps the claim, its inventory and its lease. */
export const agentNamespace = 'atoll-system'
