import type { JsonObject } from '../object.ts'
import { difference, equalSets, type FieldSet, intersection, isSubset, nothing, union } from './field-set.ts'
import type { Manager, Managers } from './managers.ts'
import { withNamedFields } from './named-fields.ts'
import { type FieldManagement, inVersion, type VersionedObject } from './ownership.ts'
import { fieldSetOf } from './read-applied.ts'
import { removeFields } from './remove-fields.ts'

/**
 * Takes out of `merged` what the manager applied last time (`previous`), does not apply now, and nobody else owns.
 * `managers` already has the manager's new fields; `current` is what of them somebody can own.
 */
export function prune(
  merged: JsonObject,
  previous: Manager | undefined,
  current: FieldSet,
  managers: Managers,
  how: FieldManagement,
): JsonObject {
  if (!previous || equalSets(previous.fields, current) || isSubset(previous.fields, current)) return merged
  const view = inVersion(merged, previous.apiVersion, how)
  if (!view) return merged
  const { schema } = view
  const last = withNamedFields(previous.fields, schema)
  let pruned = removeFields(view.object, last, schema)
  pruned = restoreOwned({ object: pruned, schema }, merged, managers, previous.apiVersion, how)
  const whole = withNamedFields(fieldSetOf(view.object, schema), schema)
  const kept = withNamedFields(fieldSetOf(pruned, schema), schema)
  const rest = removeFields(view.object, intersection(difference(whole, kept), last), schema)
  if (previous.apiVersion === how.apiVersion || !how.convert) return rest
  return how.convert(rest, how.apiVersion)?.object ?? merged
}

/** Puts back what somebody owns, version by version, the one in hand first. Answers in the version in hand. */
function restoreOwned(
  pruned: VersionedObject,
  merged: JsonObject,
  managers: Managers,
  inHand: string,
  how: FieldManagement,
): JsonObject {
  const owned = new Map<string, FieldSet>([[inHand, nothing]])
  for (const { apiVersion, fields } of managers.values()) {
    const version = how.convert ? apiVersion : inHand
    owned.set(version, union(owned.get(version) ?? nothing, fields))
  }
  let result = pruned.object
  let resultVersion = inHand
  for (const [version, fields] of owned) {
    const whole = inVersion(merged, version, how)
    const part = version === resultVersion ? { object: result } : how.convert?.(result, version)
    if (!whole || !part) continue
    const { schema } = whole
    const all = withNamedFields(fieldSetOf(whole.object, schema), schema)
    const kept = union(withNamedFields(fieldSetOf(part.object, schema), schema), withNamedFields(fields, schema))
    result = removeFields(whole.object, difference(all, kept), schema)
    resultVersion = version
  }
  return resultVersion === inHand ? result : (how.convert?.(result, inHand)?.object ?? pruned.object)
}
