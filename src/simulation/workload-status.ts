import type { ResourceClient } from '../client/client.ts'
import { isNotFound } from '../meta/api-errors.ts'
import type { KubeObject } from '../meta/object.ts'
import { fieldManager } from './simulated-resources.ts'
import type { WorkloadCondition } from './workload-types.ts'

/** Writes a status when it says something new; the object's resourceVersion guards it against a stale read. */
export async function writeStatus<T extends KubeObject>(
  client: ResourceClient<T>,
  object: T,
  status: object,
): Promise<void> {
  if (isSameStatus(object['status'] ?? {}, status)) return
  try {
    await client.update({ ...object, status }, { subresource: 'status', fieldManager })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

/** Nothing, 0 and an empty list are the same: servers leave such fields out. */
function isSameStatus(current: object, wanted: object): boolean {
  const [left, right] = [new Map(Object.entries(current)), new Map(Object.entries(wanted))]
  for (const name of new Set([...left.keys(), ...right.keys()]))
    if (toComparable(left.get(name)) !== toComparable(right.get(name))) return false
  return true
}

function toComparable(value: unknown): string {
  if (value === undefined || value === null || value === 0 || value === '') return ''
  if (Array.isArray(value) && value.length === 0) return ''
  return JSON.stringify(sortKeys(value))
}

/** The same value with the keys of every object in order, so that equal values have equal JSON; nulls are left out. */
export function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, field]) => field !== undefined && field !== null)
  entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([name, field]) => [name, sortKeys(field)]))
}

/** The conditions with one of them set; `lastTransitionTime` changes only with the status. */
export function withCondition<C extends WorkloadCondition>(
  conditions: readonly C[] | undefined,
  condition: Omit<C, 'lastTransitionTime'>,
  time: string,
): C[] {
  const before = conditions?.find(({ type }) => type === condition.type)
  if (before?.status === condition.status && before.reason === condition.reason && before.message === condition.message)
    return [...(conditions ?? [])]
  const lastTransitionTime = before?.status === condition.status ? before.lastTransitionTime : time
  const others = (conditions ?? []).filter(({ type }) => type !== condition.type)
  return [...others, { ...condition, lastTransitionTime } as C]
}

export function withoutCondition<C extends WorkloadCondition>(conditions: readonly C[] | undefined, type: string): C[] {
  return (conditions ?? []).filter((condition) => condition.type !== type)
}
