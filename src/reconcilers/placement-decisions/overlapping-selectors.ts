import type { LabelSelectorTerms } from '../../meta/fleet/child-cluster.ts'
import type { Placement } from '../../meta/fleet/placement.ts'

type Selector = NonNullable<Placement['spec']['resourceSelectors']>[number]

/** True unless it is plain that no object can match selectors of both. */
export function mayBothSelect(a: Placement, b: Placement): boolean {
  return (a.spec.resourceSelectors ?? []).some((one) =>
    (b.spec.resourceSelectors ?? []).some((other) => mayOverlap(one, other)),
  )
}

function mayOverlap(a: Selector, b: Selector): boolean {
  if (a.kind !== b.kind || (a.apiGroup ?? '') !== (b.apiGroup ?? '')) return false
  if (a.namespace !== undefined && b.namespace !== undefined && a.namespace !== b.namespace) return false
  const demands = demandsOf(a.labelSelector)
  for (const [key, demand] of demandsOf(b.labelSelector)) {
    const other = demands.get(key)
    if (other && exclude(demand, other)) return false
  }
  return true
}

/** What a selector demands of one label. */
interface Demand {
  /** The values that it may have; absent: any. */
  values?: ReadonlySet<string>
  /** The values that it may not have. */
  not: Set<string>
  presence?: 'there' | 'absent'
}

function demandsOf(selector: LabelSelectorTerms | undefined): Map<string, Demand> {
  const demands = new Map<string, Demand>()
  const demand = (key: string): Demand => {
    let found = demands.get(key)
    if (!found) demands.set(key, (found = { not: new Set() }))
    return found
  }
  const narrow = (key: string, values: readonly string[]) => {
    const { values: before } = demand(key)
    demand(key).values = new Set(before ? values.filter((value) => before.has(value)) : values)
    demand(key).presence = 'there'
  }
  for (const [key, value] of Object.entries(selector?.matchLabels ?? {})) narrow(key, [value])
  for (const { key, operator, values = [] } of selector?.matchExpressions ?? []) {
    if (operator === 'In') narrow(key, values)
    if (operator === 'NotIn') for (const value of values) demand(key).not.add(value)
    if (operator === 'Exists') demand(key).presence ??= 'there'
    if (operator === 'DoesNotExist') demand(key).presence = 'absent'
  }
  return demands
}

function exclude(a: Demand, b: Demand): boolean {
  if (a.presence !== undefined && b.presence !== undefined && a.presence !== b.presence) return true
  const possible = (mine: Demand, theirs: Demand) =>
    mine.values === undefined ||
    [...mine.values].some((value) => !theirs.not.has(value) && (theirs.values?.has(value) ?? true))
  return !possible(a, b) || !possible(b, a)
}
