import type { Condition, KubeObject } from '../object.ts'

export interface LabelSelectorTerms {
  matchLabels?: Record<string, string>
  matchExpressions?: { key: string; operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'; values?: string[] }[]
}

/** A registered cluster, in the workspace where it was joined. Its labels are what placements select on. */
export interface ChildCluster extends KubeObject {
  spec: {
    /** How the syncer reaches the child: an agent beside it dials out, or the hub dials with a kubeconfig. */
    mode: 'agent' | 'kubeconfig'
    /** Kubeconfig mode: Secret in this workspace's namespace `atoll-system` with keys `server`, `ca.crt`, `token`. */
    credentialsSecret?: string
    /** Takes no new workloads; what is there stays. */
    unschedulable?: boolean
    taints?: { key: string; value?: string; effect: 'NoSelect' | 'NoExecute' }[]
    /**
     * The workspaces that may place here, by path: exact, or a subtree when it ends in `:*`. Counts only within the
     * workspace where it was joined and what is below it, which is also the default.
     */
    offeredTo?: string[]
    /**
     * Besides the workspace where it was joined and those above it: workspaces (of those that it is offered to) whose
     * publications may bring CRDs here. CRDs are seen by everybody on the child, so being offered is not enough.
     */
    publishers?: string[]
    /**
     * `Isolated`: a namespace per workspace and namespace. `Identity`: the same names, for one workspace only (default:
     * the one where it was joined).
     */
    namespaceMapping?: { mode: 'Isolated' | 'Identity'; workspace?: string }
    /** Set by unjoin: what happens to the copies before the cluster leaves. */
    leaving?: { workloads: 'keep' | 'delete' }
    /** An administrator's word that a restored hub may act again: the `status.incarnation` that waits for it. */
    confirmedIncarnation?: number
  }
  status?: {
    /** Joined, Ready, Reachable, SyncHealthy, CertificateValid, Forked. */
    conditions?: Condition[]
    kubernetesVersion?: string
    /** uid of the child's kube-system namespace: unique in the hub. */
    clusterUid?: string
    capacity?: Record<string, string>
    allocatable?: Record<string, string>
    nodes?: number
    lastHeartbeatTime?: string
    agentVersion?: string
    /** Counts how often the hub fell behind what this child had seen (a restored backup), from 1. */
    incarnation?: number
    /** Slots by what is said of them; `removing` are those that are to go and have not gone yet. */
    deliveries?: { total: number; applied: number; failed: number; removing: number }
  }
}
