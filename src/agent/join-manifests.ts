import { agentNamespace } from '../meta/fleet/fleet-names.ts'
import type { KubeObject } from '../meta/object.ts'
import {
  agentClusterRole,
  agentServiceAccount,
  claimConfigMap,
  credentialsSecret,
  profileClusterRole,
  stateConfigMap,
  syncerLease,
} from './child-names.ts'
import { type DeliveredKinds, otherNamespacedKinds, profileKinds, profileVerbs, readVerbs } from './delivered-kinds.ts'

export interface JoinRequest {
  hubId: string
  childClusterUid: string
  /** Of the ChildCluster. */
  name: string
  /** API groups of published custom resources that workspaces may have here besides the built-in kinds. */
  publishedGroups?: readonly string[]
}

/**
 * Everything that joining makes in a child cluster, in the order in which it is made. The claim comes first after its
 * namespace: it is only ever created, and whoever finds it taken stops there. What is not in the namespace belongs to it:
 * when the namespace goes, the child's garbage collector takes the rest.
 */
export function joinManifests(request: JoinRequest, namespaceUid = '(given by the cluster)'): KubeObject[] {
  const { hubId, childClusterUid, name, publishedGroups = [] } = request
  const published = publishedGroups.map((apiGroup): DeliveredKinds => ({ apiGroup, resources: ['*'] }))
  const profile = [...profileKinds, ...published]
  const owner = { apiVersion: 'v1', kind: 'Namespace', name: agentNamespace, uid: namespaceUid }
  const ofNamespace = { ownerReferences: [owner] }
  return [
    object('v1', 'Namespace', { name: agentNamespace }, {}),
    object(
      'v1',
      'ConfigMap',
      { name: claimConfigMap, namespace: agentNamespace },
      { data: { hubId, childClusterUid, name } },
    ),
    object('v1', 'ServiceAccount', { name: agentServiceAccount, namespace: agentNamespace }, {}),
    rbac(
      'ClusterRole',
      { name: profileClusterRole, ...ofNamespace },
      { rules: [...profile.map((kinds) => rule(kinds, profileVerbs)), ...podAccessRules] },
    ),
    rbac('ClusterRole', { name: agentClusterRole, ...ofNamespace }, { rules: clusterRules(profile) }),
    rbac('ClusterRoleBinding', { name: agentClusterRole, ...ofNamespace }, bound('ClusterRole')),
    rbac('Role', { name: agentClusterRole, namespace: agentNamespace }, { rules: ownNamespaceRules }),
    rbac('RoleBinding', { name: agentClusterRole, namespace: agentNamespace }, bound('Role')),
  ]
}

/** What `kubectl logs`, `exec`, `attach` and `port-forward` ask through the hub, as the workspace's ServiceAccount. */
const podAccessRules: object[] = [
  { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
  { apiGroups: [''], resources: ['pods/attach', 'pods/exec', 'pods/portforward'], verbs: ['create', 'get'] },
]

function clusterRules(profile: readonly DeliveredKinds[]): object[] {
  return [
    { apiGroups: [''], resources: ['namespaces'], verbs: ['create', 'delete', 'get', 'list', 'patch', 'watch'] },
    { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list'] },
    ...profile.map((kinds) => rule(kinds, readVerbs)),
    ...otherNamespacedKinds.map((kinds) => rule(kinds, readVerbs)),
    {
      apiGroups: ['rbac.authorization.k8s.io'],
      resources: ['rolebindings'],
      verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
    },
    // To bind this one role and no other: the agent cannot give anybody more than the profile.
    {
      apiGroups: ['rbac.authorization.k8s.io'],
      resources: ['clusterroles'],
      resourceNames: [profileClusterRole],
      verbs: ['bind'],
    },
    {
      apiGroups: ['apiextensions.k8s.io'],
      resources: ['customresourcedefinitions'],
      verbs: ['create', 'get', 'list', 'patch', 'watch'],
    },
  ]
}

const ownNamespaceRules: object[] = [
  // To see, on leaving, that nobody else keeps anything in it.
  { apiGroups: ['*'], resources: ['*'], verbs: ['list'] },
  { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['create', 'delete', 'get', 'impersonate', 'list'] },
  // To renew its own token before it expires.
  { apiGroups: [''], resources: ['serviceaccounts/token'], resourceNames: [agentServiceAccount], verbs: ['create'] },
  { apiGroups: [''], resources: ['configmaps'], verbs: ['create'] },
  {
    apiGroups: [''],
    resources: ['configmaps'],
    resourceNames: [claimConfigMap, stateConfigMap],
    verbs: ['delete', 'get', 'patch', 'update'],
  },
  { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
  {
    apiGroups: [''],
    resources: ['secrets'],
    resourceNames: [credentialsSecret],
    verbs: ['get', 'patch', 'update'],
  },
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
  {
    apiGroups: ['coordination.k8s.io'],
    resources: ['leases'],
    resourceNames: [syncerLease],
    verbs: ['get', 'update'],
  },
]

function rule({ apiGroup, resources }: DeliveredKinds, verbs: readonly string[]): object {
  return { apiGroups: [apiGroup], resources, verbs }
}

function bound(kind: 'ClusterRole' | 'Role'): object {
  return {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: agentClusterRole },
    subjects: [{ kind: 'ServiceAccount', name: agentServiceAccount, namespace: agentNamespace }],
  }
}

function rbac(kind: string, metadata: KubeObject['metadata'], rest: object): KubeObject {
  return object('rbac.authorization.k8s.io/v1', kind, metadata, rest)
}

function object(apiVersion: string, kind: string, metadata: KubeObject['metadata'], rest: object): KubeObject {
  const labels = { 'app.kubernetes.io/managed-by': 'atoll' }
  return { apiVersion, kind, metadata: { ...metadata, labels }, ...rest }
}
