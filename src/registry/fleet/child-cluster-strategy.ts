import {
  agentGroup,
  agentUser,
  childClusterFinalizer,
  childLogicalCluster,
  fleetGroup,
  hubIdAnnotation,
} from '../../meta/fleet/fleet-names.ts'
import type { KubeObject } from '../../meta/object.ts'
import { checkDns1123Label } from '../../meta/names.ts'
import type { ResourceDefinition, Strategy } from '../resource-definition.ts'
import { logicalClusterSingleton } from '../tenancy/workspace-crd.ts'

/** The definitions of what a child's logical cluster contains from the start. */
export interface ChildClusterContents {
  logicalClusters: ResourceDefinition
  agentReports: ResourceDefinition
  clusterRoles: ResourceDefinition
  clusterRoleBindings: ResourceDefinition
}

export interface ChildClusterStrategyOptions {
  /** Asked when the first child cluster is registered: the definitions refer to each other. */
  contentDefinitions(): ChildClusterContents
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
      const { logicalClusters, agentReports, clusterRoles, clusterRoleBindings } = contentDefinitions()
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
        { type: 'object', logicalCluster, definition: clusterRoles, object: structuredClone(agentRole) },
        {
          type: 'object',
          logicalCluster,
          definition: clusterRoleBindings,
          object: {
            metadata: { name: agentGroup },
            roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: agentGroup },
            subjects: [
              { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: agentUser(object.metadata.uid ?? '') },
            ],
          },
        },
      ]
    },
  }
}

/** All that an agent may do in the hub, and in its own logical cluster only. */
const agentRole: KubeObject = {
  metadata: { name: agentGroup },
  rules: [
    { apiGroups: [fleetGroup], resources: ['deliveries', 'agentreports'], verbs: ['get', 'list', 'watch'] },
    { apiGroups: [fleetGroup], resources: ['deliveries/status', 'agentreports/status'], verbs: ['patch', 'update'] },
    { nonResourceURLs: ['/'], verbs: ['access'] },
  ],
}
