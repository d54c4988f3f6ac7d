import type { ResourceDefinition, Strategy, SubresourceCreate, VirtualCreate } from '../registry/resource-definition.ts'
import { builtinDefinitions } from '../registry/builtin/builtin-definitions.ts'
import {
  agentReportCrd,
  childClusterCrd,
  deliveryCrd,
  placementCrd,
  publicationCrd,
} from '../registry/fleet/fleet-crds.ts'
import { customResourceDefinitionsDefinition } from '../registry/apiextensions/crd-definition.ts'
import { createChildClusterStrategy } from '../registry/fleet/child-cluster-strategy.ts'
import { ownDefinition } from '../registry/own/own-definition.ts'
import { logicalClusterCrd, workspaceCrd, workspaceTypeCrd } from '../registry/tenancy/workspace-crd.ts'
import { namespaceContents, type ContentDefinitions } from '../registry/tenancy/workspace-contents.ts'
import { createWorkspaceStrategy } from '../registry/tenancy/workspace-strategy.ts'

export interface DefinitionsOptions {
  caPem: string
  hub(): { id: string; incarnation: number }
  virtualCreate: ReadonlyMap<string, VirtualCreate>
  subresourceCreate: ReadonlyMap<string, SubresourceCreate>
}

export interface HubDefinitions {
  all: readonly ResourceDefinition[]
  contents: ContentDefinitions
  /** Throws for what is not served. */
  find(group: string, resource: string): ResourceDefinition
}

/** Everything that the hub serves in each workspace before any CRD: Kubernetes' own kinds, kcp's, ours. */
export function hubDefinitions({ caPem, hub, virtualCreate, subresourceCreate }: DefinitionsOptions): HubDefinitions {
  const contentDefinitions = (): ContentDefinitions => contents
  const crds = new Map([['apiextensions.k8s.io/customresourcedefinitions', customResourceDefinitionsDefinition]])
  const builtins = builtinDefinitions({ definitions: crds, virtualCreate, subresourceCreate })
  const find = (group: string, resource: string): ResourceDefinition => {
    const found = all.find((definition) => definition.group === group && definition.resource === resource)
    if (!found) throw new Error(`no definition of ${resource}.${group}`)
    return found
  }
  const withContents = (definition: ResourceDefinition): ResourceDefinition =>
    definition.group === '' && definition.resource === 'namespaces'
      ? withStrategy(definition, namespaceStrategy(caPem, contentDefinitions))
      : definition
  const all: readonly ResourceDefinition[] = [
    ...builtins.map(withContents),
    ownDefinition(workspaceCrd, createWorkspaceStrategy({ contentDefinitions, caPem })),
    ownDefinition(workspaceTypeCrd, {}),
    ownDefinition(logicalClusterCrd, {}),
    ownDefinition(
      childClusterCrd,
      createChildClusterStrategy({
        hub,
        contentDefinitions: () => ({
          logicalClusters: contents.logicalClusters,
          agentReports: find('fleet.atoll.dev', 'agentreports'),
          clusterRoles: find('rbac.authorization.k8s.io', 'clusterroles'),
          clusterRoleBindings: contents.clusterRoleBindings,
        }),
      }),
    ),
    ownDefinition(placementCrd, {}),
    ownDefinition(deliveryCrd, {}),
    ownDefinition(agentReportCrd, {}),
    ownDefinition(publicationCrd, {}),
  ]
  const contents: ContentDefinitions = {
    logicalClusters: find('core.kcp.io', 'logicalclusters'),
    namespaces: find('', 'namespaces'),
    serviceAccounts: find('', 'serviceaccounts'),
    configMaps: find('', 'configmaps'),
    clusterRoleBindings: find('rbac.authorization.k8s.io', 'clusterrolebindings'),
  }
  return { all, contents, find }
}

/** Definitions make some of their fields when they are first asked for: a copy must not ask. */
function withStrategy(definition: ResourceDefinition, added: Strategy): ResourceDefinition {
  return Object.create(definition, {
    strategy: { value: { ...definition.strategy, ...added }, enumerable: true },
  }) as ResourceDefinition
}

function namespaceStrategy(caPem: string, contentDefinitions: () => ContentDefinitions): Strategy {
  return {
    companions: ({ metadata }, { logicalCluster }) =>
      namespaceContents(metadata.name ?? '', caPem).map(({ kind, object }) => ({
        type: 'object',
        logicalCluster,
        definition: contentDefinitions()[kind],
        object,
      })),
  }
}
