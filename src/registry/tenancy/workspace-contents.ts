import type { KubeObject } from '../../meta/object.ts'
import type { Companion, ResourceDefinition } from '../resource-definition.ts'
import { logicalClusterSingleton, pathAnnotation } from './workspace-crd.ts'

/** The definitions of what a new workspace contains. */
export interface ContentDefinitions {
  logicalClusters: ResourceDefinition
  namespaces: ResourceDefinition
  serviceAccounts: ResourceDefinition
  configMaps: ResourceDefinition
  clusterRoleBindings: ResourceDefinition
}

export interface NewLogicalCluster {
  name: string
  path: string
  url: string
  /** The Workspace object it belongs to; absent for `root` and the system's own. */
  owner?: { workspace: string; logicalCluster: string; uid: string; createdBy: string }
}

/** What every workspace has from its first moment, as kube-apiserver and its controller manager make it. */
export const defaultNamespaces = ['default', 'kube-node-lease', 'kube-public', 'kube-system'] as const

/**
 * Everything that a new logical cluster consists of. Written in one transaction with the Workspace object, so a
 * workspace is Ready when it exists, and there is no such thing as half a workspace.
 */
export function logicalClusterContents(
  cluster: NewLogicalCluster,
  definitions: ContentDefinitions,
  caPem: string,
): Companion[] {
  const { name, owner } = cluster
  const inCluster = (definition: ResourceDefinition, object: KubeObject): Companion => ({
    type: 'object',
    logicalCluster: name,
    definition,
    object,
  })
  return [
    { type: 'open-logical-cluster', logicalCluster: name },
    inCluster(definitions.logicalClusters, logicalClusterObject(cluster)),
    ...defaultNamespaces.flatMap((namespace) => [
      inCluster(definitions.namespaces, namespaceObject(namespace)),
      ...namespaceContents(namespace, caPem).map(({ kind, object }) => inCluster(definitions[kind], object)),
    ]),
    ...(owner && isPerson(owner.createdBy)
      ? [inCluster(definitions.clusterRoleBindings, adminBinding(owner.createdBy))]
      : []),
  ]
}

function logicalClusterObject({ path, url, owner }: NewLogicalCluster): KubeObject {
  return {
    metadata: { name: logicalClusterSingleton, annotations: { [pathAnnotation]: path } },
    spec: owner
      ? {
          owner: {
            apiVersion: 'tenancy.kcp.io/v1alpha1',
            resource: 'workspaces',
            name: owner.workspace,
            cluster: owner.logicalCluster,
            uid: owner.uid,
          },
          ...(owner.createdBy === '' ? {} : { createdBy: owner.createdBy }),
        }
      : {},
    status: { URL: url, phase: 'Ready' },
  }
}

function namespaceObject(name: string): KubeObject {
  return {
    metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  }
}

/** What belongs into every namespace: written with it, and put back when somebody deletes it. */
export function namespaceContents(
  namespace: string,
  caPem: string,
): { kind: 'serviceAccounts' | 'configMaps'; object: KubeObject }[] {
  return [
    { kind: 'serviceAccounts', object: { metadata: { name: 'default', namespace } } },
    {
      kind: 'configMaps',
      object: {
        metadata: {
          name: 'kube-root-ca.crt',
          namespace,
          annotations: {
            'kubernetes.io/description':
              'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc.',
          },
        },
        data: { 'ca.crt': caPem },
      },
    },
  ]
}

/**
 * A ServiceAccount is somebody in its own workspace only: bound by name, it would be a stranger of the same name in the
 * new one; and to bind those who did not say who they are would let everybody in. Such workspaces are administered by
 * whoever administers the parent.
 */
function isPerson(user: string): boolean {
  return user !== '' && user !== 'system:anonymous' && !user.startsWith('system:serviceaccount:')
}

function adminBinding(user: string): KubeObject {
  return {
    metadata: { name: 'workspace-admin' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
  }
}
