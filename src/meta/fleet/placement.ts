import type { Condition, KubeObject } from '../object.ts'
import type { LabelSelectorTerms } from './child-cluster.ts'

export interface DeliveryCounts {
  total: number
  applied: number
  /** Refused or contested. */
  failed: number
}

/** A tenant's rule for which child clusters get which of its objects. Cluster-scoped, in the tenant's workspace. */
export interface Placement extends KubeObject {
  spec: {
    /** Objects besides those that carry the label: by kind and labels. */
    resourceSelectors?: { apiGroup?: string; kind: string; namespace?: string; labelSelector?: LabelSelectorTerms }[]
    /** Child clusters by their labels; absent: all that are offered. */
    clusterSelector?: LabelSelectorTerms
    /** Or by name. */
    clusterNames?: string[]
    /** At most this many child clusters; absent: all that match. */
    numberOfClusters?: number
    /** Duplicate: every child gets the whole. Divide: replicas are shared out evenly, the remainder to the first by name. */
    replicas?: { strategy: 'Duplicate' | 'Divide' }
    tolerations?: { key?: string; operator?: 'Exists' | 'Equal'; value?: string; effect?: string }[]
    /** What happens to the copies when the Placement goes or no longer matches. Default Keep. */
    deletionPolicy?: 'Keep' | 'Delete'
    conflictPolicy?: 'Refuse' | 'AdoptIfEqual' | 'Overwrite'
  }
  status?: {
    observedGeneration?: number
    /** One for each child cluster that this workspace may see, chosen or not, with the reason and the copies there. */
    decisions?: {
      cluster: string
      selected: boolean
      /** Selected, NotReady; or NotMatched, NotJoined, Unschedulable, Tainted, Leaving, NotNeeded, NotOffered. */
      reason: string
      message?: string
      deliveries?: DeliveryCounts
    }[]
    /** Copies of all objects on all child clusters. */
    deliveries?: DeliveryCounts
    /** Satisfied, Delivered, Ambiguous, CopiesKept. */
    conditions?: Condition[]
  }
}

/** CRDs given by a provider workspace to workspaces and child clusters. Cluster-scoped, in the provider workspace. */
export interface Publication extends KubeObject {
  spec: {
    /** Names of CRDs in this workspace (`certificates.cert-manager.io`). */
    customResourceDefinitions: string[]
    /** Workspaces, by path (subtree with `:*`) or by labels of the Workspace object. Absent: none. */
    workspaces?: { paths?: string[]; selector?: LabelSelectorTerms }
    /** Child clusters by labels. Absent: none. */
    childClusters?: { selector?: LabelSelectorTerms; names?: string[] }
    drift?: 'Enforce' | 'Report'
    conflict?: 'Refuse' | 'AdoptIfEqual' | 'Overwrite'
    /** What happens to the types when the Publication goes or selects less: they stay and belong to where they are. */
    removal?: 'Retain'
    /** Lets a definition replace a wider one although objects of the type are stored. */
    allowNarrowing?: boolean
  }
  status?: {
    observedGeneration?: number
    /** Types times workspaces and child clusters; `ready` of them are there. */
    total?: number
    ready?: number
    /** Those that are not ready first; at most 500. */
    targets?: {
      type: 'Workspace' | 'ChildCluster'
      name: string
      crd: string
      ready: boolean
      reason: string
      message?: string
    }[]
    conditions?: Condition[]
  }
}
