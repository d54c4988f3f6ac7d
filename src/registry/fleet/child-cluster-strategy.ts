import { childClusterFinalizer, childLogicalCluster, hubIdAnnotation } from '../../meta/fleet/fleet-names.ts'
import { checkDns1123Label } from '../../meta/names.ts'
import type { ResourceDefinition, Strategy } from '../resource-definition.ts'
import { logicalClusterSingleton } from '../tenancy/workspace-crd.ts'

export interface ChildClusterStrategyOptions {
  /** Asked when the first child cluster is registered: the definitions refer to each other. */
  contentDefinitions(): { logicalClusters: ResourceDefinition; agentReports: ResourceDefinition }
  hub(): { id: string; incarnation: number }
}

/** A registered child cluster comes with its own logical cluster: its deliveries live there, and nothing else does. */
export function createChildClusterStrategy({ contentDefinitions, hub }: ChildClusterStrategyOptions): Strategy {
  return {
    validateName: (name) => checkDns1123Label(name),
    prepareForCreate({ metadata }) {
      metadata.annotations = { ...metadata.annotations, [hubIdAnnotation]: hub().id }
      const finalizers = metadata.finalizers ?? []
      metadata.finalizers = finalizers.includes(childClusterFinalizer)
        ? finalizers
        : [...finalizers, childClusterFinalizer]
    },
    companions(object) {
      const logicalCluster = childLogicalCluster(object.metadata.uid ?? '')
      const { logicalClusters, agentReports } = contentDefinitions()
      const { id, incarnation } = hub()
      return [
        { type: 'open-logical-cluster', logicalCluster },
        {
          type: 'object',
          logicalCluster,
          definition: logicalClusters,
          object: { metadata: { name: logicalClusterSingleton }, spec: {}, status: { phase: 'Ready' } },
        },
        {
          type: 'object',
          logicalCluster,
          definition: agentReports,
          object: { metadata: { name: 'report' }, spec: { hubId: id, incarnation } },
        },
      ]
    },
  }
}
