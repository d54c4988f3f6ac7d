/** A namespaced built-in type, as RBAC names it. */
export interface DeliveredKinds {
  apiGroup: string
  resources: readonly string[]
}

/**
 * What a workspace may have on a child: the profile that every workspace's ServiceAccount is bound to, in its mapped
 * namespaces only. Roles and RoleBindings are in it because the child itself refuses whoever grants more than they have.
 */
export const profileKinds: readonly DeliveredKinds[] = [
  {
    apiGroup: '',
    resources: [
      'configmaps',
      'limitranges',
      'persistentvolumeclaims',
      'pods',
      'podtemplates',
      'replicationcontrollers',
      'resourcequotas',
      'secrets',
      'serviceaccounts',
      'services',
    ],
  },
  { apiGroup: 'apps', resources: ['daemonsets', 'deployments', 'replicasets', 'statefulsets'] },
  { apiGroup: 'autoscaling', resources: ['horizontalpodautoscalers'] },
  { apiGroup: 'batch', resources: ['cronjobs', 'jobs'] },
  { apiGroup: 'networking.k8s.io', resources: ['ingresses', 'networkpolicies'] },
  { apiGroup: 'policy', resources: ['poddisruptionbudgets'] },
  { apiGroup: 'rbac.authorization.k8s.io', resources: ['rolebindings', 'roles'] },
]

/** Read, but never written: to see whether a mapped namespace is empty. */
export const otherNamespacedKinds: readonly DeliveredKinds[] = [
  { apiGroup: 'resource.k8s.io', resources: ['resourceclaims', 'resourceclaimtemplates'] },
  { apiGroup: 'storage.k8s.io', resources: ['csistoragecapacities'] },
  { apiGroup: 'networking.k8s.io', resources: ['ingresses'] },
]

export const profileVerbs = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch']
export const readVerbs = ['get', 'list', 'watch']
