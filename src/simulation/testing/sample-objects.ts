import type { Deployment, Node, Pod, ReplicaSet } from '../workload-types.ts'

export function samplePod(name: string, change: Partial<Pod> = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    spec: { containers: [{ name: 'c', image: 'registry.invalid/c' }] },
    ...change,
    metadata: { name, namespace: 'default', uid: `uid-${name}`, ...change.metadata },
  }
}

/** A pod that has been ready since the Unix epoch plus `sinceMs`. */
export function readyPod(name: string, sinceMs = 0, change: Partial<Pod> = {}): Pod {
  const lastTransitionTime = new Date(sinceMs).toISOString()
  return samplePod(name, {
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime }] },
    ...change,
  })
}

export function sampleReplicaSet(name: string, size: number, available: number, change: Partial<ReplicaSet> = {}) {
  const replicaSet: ReplicaSet = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    spec: {
      replicas: size,
      selector: { matchLabels: { app: 'web' } },
      template: { spec: { containers: [] } },
    },
    status: { replicas: size, readyReplicas: available, availableReplicas: available },
    ...change,
    metadata: { name, namespace: 'default', uid: `uid-${name}`, ...change.metadata },
  }
  return replicaSet
}

export function sampleDeployment(
  change: Partial<Deployment['spec']> = {},
  status: Deployment['status'] = {},
): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default', uid: 'uid-web', generation: 1 },
    spec: {
      replicas: 3,
      progressDeadlineSeconds: 600,
      selector: { matchLabels: { app: 'web' } },
      template: { spec: { containers: [] } },
      ...change,
    },
    status,
  }
}

export function sampleNode(name: string, change: Partial<Node> = {}): Node {
  const allocatable = { cpu: '2', memory: '4Gi', pods: '10' }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    spec: {},
    status: { allocatable },
    ...change,
    metadata: { name, labels: { zone: 'a' }, ...change.metadata },
  }
}
