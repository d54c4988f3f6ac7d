import type { Condition, JsonObject, KubeObject } from '../object.ts'

/** Identity of a slot: what it delivers, independent of any version of it. */
export interface DeliverySource {
  /** Name of the tenant's logical cluster. */
  logicalCluster: string
  group: string
  /** Plural. */
  resource: string
  kind: string
  /** Empty for cluster-scoped objects (CRDs of publications). */
  namespace: string
  name: string
}

/**
 * A slot: one object on its way to one child cluster, in the child's own logical cluster. The hub writes the spec, the
 * syncer writes the status. A slot is removed only after the syncer acknowledged `Absent`, or by forget.
 */
export interface Delivery extends KubeObject {
  spec: {
    source: DeliverySource
    /** Present: `manifest` is to be in the child. Absent: what the slot recorded as applied is to be gone. */
    desired: 'Present' | 'Absent'
    /** Absent only: leave the object in the child and let go of it. */
    release?: boolean
    /** uid and generation of the source object that `manifest` was rendered from. */
    sourceUid: string
    sourceGeneration: number
    /** Counts the hub's decisions for this slot; a status is about the epoch that it names. */
    epoch: number
    /** The hub's incarnation that wrote this; see design section 6, rule 2. */
    incarnation: number
    /** The object as it is to be applied, in the source's namespace; the syncer maps the namespace. */
    manifest?: JsonObject
    /** How the syncer applies: as the workspace's ServiceAccount under the fixed profile, or as itself (CRDs). */
    applyAs: 'workspace' | 'system'
    /** The namespace in the child. Empty for cluster-scoped objects. */
    targetNamespace: string
    /** An object of the same name that is not ours: refuse, or take over an equal one, or take it over whatever it is. */
    conflictPolicy: 'Refuse' | 'AdoptIfEqual' | 'Overwrite'
    /** Drift of fields that we applied: put back, or only report. */
    driftPolicy: 'Enforce' | 'Report'
    /** The Placement that decided it, in the source's workspace. */
    placement?: string
    /** For a CRD: the Publication, in the source's workspace. */
    publication?: string
    /** Slots (names) that must be Applied first: a CRD before its custom resources. */
    after?: string[]
  }
  status?: {
    /** The epoch that this status is about. */
    observedEpoch?: number
    /** Generation of the source that has been applied. */
    appliedGeneration?: number
    /** SHA-256 of the manifest applied. */
    appliedHash?: string
    /** The object in the child: its uid, generation and resourceVersion at apply. */
    appliedUid?: string
    appliedChildGeneration?: number
    /** uid of the source object that it was applied for: it is replaced when the slot names another. */
    appliedSourceUid?: string
    /** True when it was applied without `spec.replicas`, which an autoscaler has: taken back when that has gone. */
    handedOver?: boolean
    /** True when the object was there before and was adopted: it is released, never deleted. */
    adopted?: boolean
    /** Absent was carried out: the hub may remove the slot. */
    removed?: boolean
    /** The child's status of the object, as it was observed. */
    childStatus?: JsonObject
    /** `metadata.generation` of the child's object when `childStatus` was observed. */
    childGeneration?: number
    observedTime?: string
    /** Applied, Conflict, Available, Stale. A refusal names its reason in Applied. */
    conditions?: Condition[]
  }
}

/** What a child's own store takes, with room for managedFields: larger objects are not delivered. Bytes of JSON. */
export const maxDeliveredBytes = 1_048_576

/** Reasons of `Applied=False`, for people and tests. */
export type DeliveryReason =
  | 'Applied'
  | 'Pending'
  | 'WaitingForDependency'
  | 'ForbiddenByProfile'
  | 'ForbiddenByChild'
  | 'InvalidOnChild'
  | 'NotOurs'
  | 'Conflict'
  | 'KindNotServed'
  | 'NamespaceReferenceUnsupported'
  | 'TooLarge'
  | 'PodSecurityViolation'
  | 'ReservedMetadata'
  | 'HubForked'
  | 'ChildUnreachable'
  | 'Removed'
  | 'Released'

/** What an agent tells about its cluster: singleton `report` in the child's logical cluster, and the heartbeat. */
export interface AgentReport extends KubeObject {
  status?: {
    /** By the agent's clock: nothing but a sign that this is a new one. */
    heartbeatTime?: string
    /** When it came in, by the hub's clock; the hub writes it. */
    receivedTime?: string
    agentVersion?: string
    kubernetesVersion?: string
    clusterUid?: string
    nodes?: number
    capacity?: Record<string, string>
    allocatable?: Record<string, string>
    /** Until when the agent's certificate, or the hub's token for the child, is good. */
    credentialsExpire?: string
    /** The hub is behind what this child has seen: nothing is applied or deleted until an administrator confirms. */
    forked?: { seenIncarnation: number; seenRevision: number; hubIncarnation: number; hubRevision: number }
    /** Leaving has been carried out. */
    left?: boolean
    conditions?: Condition[]
  }
  spec?: {
    hubId: string
    /** The hub's incarnation and revision as of its last write here: what the agent compares with what it kept. */
    incarnation: number
    confirmedIncarnation?: number
    leaving?: { workloads: 'keep' | 'delete' }
  }
}
