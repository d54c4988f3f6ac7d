import type { Logger } from '../../base/logger.ts'
import type { Client } from '../../client/client.ts'
import { createInformer, type Informer } from '../../informer/informer.ts'
import type { ChildCluster } from '../../meta/fleet/child-cluster.ts'
import { fleetGroup, fleetVersion, placementLabel } from '../../meta/fleet/fleet-names.ts'
import type { AgentReport } from '../../meta/fleet/delivery.ts'
import type { Placement, Publication } from '../../meta/fleet/placement.ts'
import { logicalClusterOf } from '../../meta/logical-cluster.ts'
import type { KubeObject } from '../../meta/object.ts'

export const fleetResource = (resource: string) => ({ group: fleetGroup, version: fleetVersion, resource })

/** The small sets that placement decides by, over all workspaces. */
export interface FleetInformers {
  childClusters: Informer<ChildCluster>
  /** What agents say of their children, each in its child's own logical cluster. */
  reports: Informer<AgentReport>
  placements: Informer<Placement>
  publications: Informer<Publication>
  /** Namespaces that carry the placement label: what is in them is placed without a label of its own. */
  placedNamespaces: Informer<KubeObject>
}

/** `everywhere` is a client of all logical clusters. */
export function createFleetInformers(everywhere: Client, logger: Logger): FleetInformers {
  const inLogicalCluster = { logicalCluster: (object: KubeObject) => [logicalClusterOf(object) ?? ''] }
  return {
    childClusters: createInformer<ChildCluster>({
      client: everywhere.resource<ChildCluster>(fleetResource('childclusters')),
      logger,
      indexers: { uid: ({ metadata }) => [metadata.uid ?? ''] },
    }),
    reports: createInformer<AgentReport>({
      client: everywhere.resource<AgentReport>(fleetResource('agentreports')),
      logger,
    }),
    placements: createInformer<Placement>({
      client: everywhere.resource<Placement>(fleetResource('placements')),
      logger,
      indexers: inLogicalCluster,
    }),
    publications: createInformer<Publication>({
      client: everywhere.resource<Publication>(fleetResource('publications')),
      logger,
      indexers: inLogicalCluster,
    }),
    placedNamespaces: createInformer<KubeObject>({
      client: everywhere.resource({ group: '', version: 'v1', resource: 'namespaces' }),
      logger,
      labelSelector: placementLabel,
      indexers: inLogicalCluster,
    }),
  }
}
