import type { Json, KubeObject } from '../object.ts'
import { jsonEqual } from '../patch/json-value.ts'

/**
 * Takes back new times in managedFields when nothing else of the object has changed, so that repeating a write leaves
 * the stored object as it is. Changes `updated` in place, which the request owns; `live` never. Call it when everything
 * else that the write does to the object is done.
 */
export function settleTimes(live: KubeObject, updated: KubeObject): void {
  const before = live.metadata.managedFields
  const after = updated.metadata.managedFields
  if (before === after || !before || !after || before.length !== after.length || after.length === 0) return
  const sameOwners = after.every((entry, index) => {
    return jsonEqual({ ...entry, time: null }, { ...before[index], time: null })
  })
  if (!sameOwners || !jsonEqual(withoutManagers(live), withoutManagers(updated))) return
  updated.metadata.managedFields = before
}

function withoutManagers(object: KubeObject): Json {
  return { ...object, metadata: { ...object.metadata, managedFields: undefined } } as unknown as Json
}
