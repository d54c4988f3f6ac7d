import type { Delivery } from '../../meta/fleet/delivery.ts'
import { type NewCondition, withTransition } from '../../meta/conditions.ts'
import type { Condition, JsonObject, KubeObject } from '../../meta/object.ts'
import { isJsonObject } from '../../meta/patch/json-value.ts'
import { formatTime } from '../../meta/time.ts'

/** One child cluster's share, as its delivery tells it. */
export interface Share {
  childCluster: string
  delivery: Delivery
  /** The child has not been heard of: what is known may no longer hold. */
  stale: boolean
}

export interface AggregateOptions {
  source: KubeObject
  group: string
  resource: string
  /** Replicas were divided: counters are summed. Else every child has the whole. */
  divided: boolean
  nowMs: number
}

/**
 * The status of a placed object from that of its copies, or undefined when they say nothing that could stand for it:
 * there are none, or several of a kind that is not summed up.
 *
 * Divided replicas are summed. Duplicated ones take the minimum of what is good (updated, ready, available) and the
 * maximum of what is there (replicas, unavailable), so that three of three here and none there is not finished.
 * `observedGeneration` is the source generation that every child has observed. A stale share makes Available Unknown.
 */
export function aggregateStatus(shares: readonly Share[], options: AggregateOptions): JsonObject | undefined {
  const rule = rules[`${options.group}/${options.resource}`]
  if (shares.length === 0) return undefined
  if (rule) return rule(shares, options)
  const [only] = shares
  return shares.length === 1 ? only?.delivery.status?.childStatus : undefined
}

type Rule = (shares: readonly Share[], options: AggregateOptions) => JsonObject | undefined

const rules: Record<string, Rule> = {
  'apps/deployments': (shares, options) =>
    workload(shares, options, {
      sum: [
        'replicas',
        'updatedReplicas',
        'readyReplicas',
        'availableReplicas',
        'unavailableReplicas',
        'terminatingReplicas',
      ],
      worst: ['unavailableReplicas', 'replicas', 'terminatingReplicas'],
    }),
  'apps/replicasets': (shares, options) =>
    workload(shares, options, {
      sum: ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'terminatingReplicas'],
      worst: ['replicas', 'terminatingReplicas'],
    }),
  'apps/statefulsets': (shares, options) =>
    workload(shares, options, {
      sum: ['replicas', 'readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'],
      worst: ['replicas', 'currentReplicas'],
      // Names of revisions differ between children; equal ones tell `rollout status` that the update is complete.
      copy: ['currentRevision', 'updateRevision', 'collisionCount'],
    }),
  'apps/daemonsets': (shares, options) =>
    workload(
      shares,
      { ...options, divided: true },
      {
        sum: [
          'currentNumberScheduled',
          'numberMisscheduled',
          'desiredNumberScheduled',
          'numberReady',
          'updatedNumberScheduled',
          'numberAvailable',
          'numberUnavailable',
        ],
        worst: [],
      },
    ),
  'batch/jobs': (shares, options) =>
    workload(
      shares,
      { ...options, divided: true },
      {
        sum: ['active', 'succeeded', 'failed', 'ready', 'terminating'],
        worst: [],
        copy: ['startTime', 'completionTime'],
      },
    ),
  '/services': loadBalancers,
  'networking.k8s.io/ingresses': loadBalancers,
}

interface Counters {
  sum: readonly string[]
  /** Of duplicated copies the maximum counts; of all other counters the minimum. */
  worst: readonly string[]
  copy?: readonly string[]
}

function workload(shares: readonly Share[], options: AggregateOptions, counters: Counters): JsonObject {
  const statuses = shares.map(({ delivery }) => delivery.status?.childStatus ?? {})
  const status: JsonObject = {}
  const observed = observedGeneration(shares)
  if (observed > 0) status['observedGeneration'] = observed
  for (const field of counters.sum) {
    const values = statuses.map((one) => numberAt(one, field))
    const value = options.divided
      ? values.reduce((total, one) => total + one, 0)
      : counters.worst.includes(field)
        ? Math.max(...values)
        : Math.min(...values)
    if (value > 0) status[field] = value
  }
  for (const field of counters.copy ?? []) {
    const [first] = statuses
    if (first?.[field] !== undefined) status[field] = first[field]
  }
  const conditions = mergeConditions(shares, options)
  if (conditions.length > 0) status['conditions'] = conditions as unknown as JsonObject[]
  return status
}

/** The source generation that every child has observed, through the child's generation recorded at apply; 0 for none. */
export function observedGeneration(shares: readonly Share[]): number {
  return Math.min(
    ...shares.map(({ delivery: { status } }) => {
      const applied = status?.appliedGeneration ?? 0
      const seenByChild = numberAt(status?.childStatus ?? {}, 'observedGeneration')
      // Not yet observed there: this child vouches for the generation before at most.
      return seenByChild >= (status?.appliedChildGeneration ?? Infinity) ? applied : Math.max(0, applied - 1)
    }),
  )
}

function mergeConditions(shares: readonly Share[], { source, nowMs }: AggregateOptions): Condition[] {
  const byType = new Map<string, { childCluster: string; stale: boolean; condition: Condition }[]>()
  for (const { childCluster, stale, delivery } of shares) {
    const conditions = delivery.status?.childStatus?.['conditions']
    for (const condition of Array.isArray(conditions) ? (conditions as unknown[]).filter(isCondition) : [])
      byType.set(condition.type, [...(byType.get(condition.type) ?? []), { childCluster, stale, condition }])
  }
  const known = (source['status'] as { conditions?: Condition[] } | undefined)?.conditions ?? []
  return [...byType]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([type, reports]) => mergeCondition(type, reports, shares.length))
    .map((condition) => withTimes(condition, known, nowMs))
}

/** A child says what it likes. */
function isCondition(value: unknown): value is Condition {
  return isJsonObject(value) && typeof value['type'] === 'string'
}

const maxMessageLength = 32_768 // what a condition of upstream may hold

/** Types for which True is the bad news. */
const negativeTypes = new Set(['ReplicaFailure', 'Failed', 'FailureTarget', 'Suspended'])

function mergeCondition(
  type: string,
  reports: readonly { childCluster: string; stale: boolean; condition: Condition }[],
  expected: number,
): NewCondition {
  const negative = negativeTypes.has(type)
  const decisive = reports.find(({ condition }) => condition.status === (negative ? 'True' : 'False'))
  const chosen = decisive ?? reports.find(({ condition }) => condition.status === 'Unknown') ?? reports[0]
  const said = reports.map(({ childCluster, condition }) => `${childCluster}: ${condition.message ?? ''}`).join('; ')
  const message = said.length > maxMessageLength ? `${said.slice(0, maxMessageLength)}…` : said
  const stale = reports.filter((report) => report.stale).map(({ childCluster }) => childCluster)
  if (stale.length > 0)
    return {
      type,
      status: 'Unknown',
      reason: 'ChildClusterUnreachable',
      message: `no news from ${stale.join(', ')}; ${message}`,
    }
  if (!negative && !decisive && reports.length < expected)
    return { type, status: 'Unknown', reason: 'WaitingForChildClusters', message }
  return { type, status: chosen?.condition.status ?? 'Unknown', reason: chosen?.condition.reason ?? 'Unknown', message }
}

/** `lastUpdateTime`, where a Deployment has it, is that of the last change of status or reason. */
function withTimes(condition: NewCondition, known: readonly Condition[], nowMs: number): Condition {
  const before: (Condition & { lastUpdateTime?: string }) | undefined = known.find(
    ({ type }) => type === condition.type,
  )
  const same = before?.status === condition.status && before.reason === condition.reason
  const lastUpdateTime = (same ? before.lastUpdateTime : undefined) ?? formatTime(nowMs)
  return { ...withTransition(condition, known, nowMs), lastUpdateTime } as Condition
}

function loadBalancers(shares: readonly Share[]): JsonObject {
  const ingress = shares.flatMap(({ delivery }) => {
    const balancer = delivery.status?.childStatus?.['loadBalancer']
    const addresses = isJsonObject(balancer) ? balancer['ingress'] : undefined
    return Array.isArray(addresses) ? addresses : []
  })
  const unique = [...new Map(ingress.map((address) => [JSON.stringify(address), address])).values()]
  return { loadBalancer: unique.length > 0 ? { ingress: unique } : {} }
}

function numberAt(record: JsonObject, field: string): number {
  const value = record[field]
  return typeof value === 'number' ? value : 0
}
