import type { IntOrString } from '../meta/int-or-string.ts'
import type { LabelSelector } from '../meta/label-selector.ts'
import type { Condition, KubeObject, ObjectMeta } from '../meta/object.ts'

/** The parts of the workload kinds that the simulation reads; everything else is carried along untouched. */

export interface Container {
  name: string
  image?: string
  restartPolicy?: string
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> }
  [field: string]: unknown
}

export interface Toleration {
  key?: string
  operator?: 'Exists' | 'Equal'
  value?: string
  effect?: string
}

export interface NodeSelectorExpression {
  key: string
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt'
  values?: string[]
}
export interface NodeSelectorTerm {
  matchExpressions?: NodeSelectorExpression[]
  matchFields?: NodeSelectorExpression[]
}

export interface PodSpec {
  nodeName?: string
  schedulerName?: string
  hostNetwork?: boolean
  containers: Container[]
  initContainers?: Container[]
  nodeSelector?: Record<string, string>
  affinity?: {
    nodeAffinity?: {
      requiredDuringSchedulingIgnoredDuringExecution?: { nodeSelectorTerms: NodeSelectorTerm[] }
      [field: string]: unknown
    }
    [field: string]: unknown
  }
  tolerations?: Toleration[]
  schedulingGates?: unknown[]
  readinessGates?: { conditionType: string }[]
  volumes?: { name: string; persistentVolumeClaim?: { claimName: string }; [field: string]: unknown }[]
  [field: string]: unknown
}

export interface PodTemplate {
  metadata?: ObjectMeta
  spec: PodSpec
}

export type PodCondition = Omit<Condition, 'reason' | 'message'> & { reason?: string; message?: string }

export interface Pod extends KubeObject {
  spec: PodSpec
  status?: {
    phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown'
    conditions?: PodCondition[]
    startTime?: string
    [field: string]: unknown
  }
}

/** Conditions of workloads; a Deployment's also carry when they were last looked at. */
export type WorkloadCondition = Omit<Condition, 'observedGeneration'> & { lastUpdateTime?: string }

export interface ReplicaSet extends KubeObject {
  spec: { replicas?: number; minReadySeconds?: number; selector: LabelSelector; template: PodTemplate }
  status?: ReplicaSetStatus
}
export interface ReplicaSetStatus {
  replicas: number
  fullyLabeledReplicas?: number
  readyReplicas?: number
  availableReplicas?: number
  terminatingReplicas?: number
  observedGeneration?: number
  conditions?: WorkloadCondition[]
}

export interface Deployment extends KubeObject {
  spec: {
    replicas?: number
    minReadySeconds?: number
    selector: LabelSelector
    template: PodTemplate
    paused?: boolean
    revisionHistoryLimit?: number
    progressDeadlineSeconds?: number
    strategy?: { type?: string; rollingUpdate?: { maxSurge?: IntOrString; maxUnavailable?: IntOrString } }
  }
  status?: DeploymentStatus
}
export interface DeploymentStatus {
  observedGeneration?: number
  replicas?: number
  updatedReplicas?: number
  readyReplicas?: number
  availableReplicas?: number
  unavailableReplicas?: number
  terminatingReplicas?: number
  collisionCount?: number
  conditions?: WorkloadCondition[]
}

export interface StatefulSet extends KubeObject {
  spec: {
    replicas?: number
    minReadySeconds?: number
    selector: LabelSelector
    template: PodTemplate
    serviceName?: string
    podManagementPolicy?: 'OrderedReady' | 'Parallel'
    ordinals?: { start?: number }
    revisionHistoryLimit?: number
    updateStrategy?: { type?: string; rollingUpdate?: { partition?: number } }
    volumeClaimTemplates?: VolumeClaim[]
  }
  status?: {
    observedGeneration?: number
    replicas: number
    readyReplicas?: number
    availableReplicas?: number
    currentReplicas?: number
    updatedReplicas?: number
    currentRevision?: string
    updateRevision?: string
    collisionCount?: number
  }
}

export interface DaemonSet extends KubeObject {
  spec: {
    minReadySeconds?: number
    selector: LabelSelector
    template: PodTemplate
    revisionHistoryLimit?: number
    updateStrategy?: { type?: string; rollingUpdate?: { maxSurge?: IntOrString; maxUnavailable?: IntOrString } }
  }
  status?: DaemonSetStatus
}
export interface DaemonSetStatus {
  observedGeneration?: number
  currentNumberScheduled: number
  numberMisscheduled: number
  desiredNumberScheduled: number
  numberReady: number
  updatedNumberScheduled?: number
  numberAvailable?: number
  numberUnavailable?: number
  collisionCount?: number
}

export interface Job extends KubeObject {
  spec: {
    parallelism?: number
    completions?: number
    completionMode?: 'NonIndexed' | 'Indexed'
    backoffLimit?: number
    suspend?: boolean
    ttlSecondsAfterFinished?: number
    selector?: LabelSelector
    template: PodTemplate
  }
  status?: JobStatus
}
export interface JobStatus {
  startTime?: string
  completionTime?: string
  active?: number
  ready?: number
  terminating?: number
  succeeded?: number
  failed?: number
  completedIndexes?: string
  uncountedTerminatedPods?: { succeeded?: string[]; failed?: string[] }
  conditions?: (WorkloadCondition & { lastProbeTime?: string })[]
}

export interface ControllerRevision extends KubeObject {
  data?: unknown
  revision: number
}

export interface Node extends KubeObject {
  spec?: { unschedulable?: boolean; taints?: { key: string; value?: string; effect: string }[] }
  status?: {
    capacity?: Record<string, string>
    allocatable?: Record<string, string>
    addresses?: { type: string; address: string }[]
    [field: string]: unknown
  }
}

export interface VolumeClaim extends KubeObject {
  spec: {
    accessModes?: string[]
    resources?: { requests?: Record<string, string> }
    storageClassName?: string
    volumeMode?: string
    volumeName?: string
  }
  status?: { phase?: string; capacity?: Record<string, string>; accessModes?: string[] }
}

export interface Volume extends KubeObject {
  spec: {
    capacity?: Record<string, string>
    accessModes?: string[]
    claimRef?: { namespace?: string; name?: string; uid?: string; [field: string]: unknown }
    persistentVolumeReclaimPolicy?: string
    [field: string]: unknown
  }
  status?: { phase?: string }
}

export interface Service extends KubeObject {
  spec: { type?: string; loadBalancerClass?: string; ipFamilies?: string[]; [field: string]: unknown }
  status?: { loadBalancer?: { ingress?: { ip?: string; [field: string]: unknown }[] }; [field: string]: unknown }
}
