import type { Json, JsonObject, KubeObject, ManagedFieldsEntry } from '../object.ts'
import { jsonEqual, withinStack } from '../patch/json-value.ts'
import { capUpdateManagers } from './cap-managers.ts'
import { type Comparison, isUnchanged } from './compare.ts'
import { withoutInitialNulls } from './empty-object.ts'
import { difference, isEmptySet, nothing, union } from './field-set.ts'
import { areSame, formatSeconds, identityOf, isReset, type Manager, type Managers, setFields } from './managers.ts'
import { parseManagers, storedManagers, toManagedFields } from './managers.ts'
import {
  adaptManagers,
  compareThroughEndpoint,
  type FieldManagement,
  followChange,
  managedFieldsOf,
  trackedPart,
  withoutNeverTracked,
} from './ownership.ts'

export interface TrackUpdateInput extends FieldManagement {
  /** The stored object; absent on create. Its managedFields were written by this package. */
  readonly live?: KubeObject | undefined
  /** What the request makes of it, decoded and defaulted, with the managedFields that the client sent, if any. */
  readonly updated: KubeObject
  /** Who writes; see `managerName`. */
  readonly manager: string
  /** Now, in seconds since the Unix epoch. */
  readonly nowSeconds: number
}

/**
 * Who owns what after a create, an update or a patch that is no apply: the manager gets what it added or changed, the
 * others lose that and what was removed. Changes neither object. The very array of `live` comes back when nothing
 * changed; undefined means that the object has no managedFields, which happens to objects that were stored without any.
 *
 * On a real server this happens after decoding and defaulting and before admission and the strategy, so that fields which
 * those set are owned by nobody.
 */
export function trackUpdate(input: TrackUpdateInput): ManagedFieldsEntry[] | undefined {
  return withinStack(() => {
    const sent = input.subresource ? undefined : managersSent(input)
    const stored = sent ? undefined : input.live?.metadata.managedFields
    const managers = sent ?? storedManagers(stored)
    if (managers.size === 0 && input.live?.metadata.uid) return undefined
    const changed = recordUpdate(managers, input)
    return changed || !stored ? toManagedFields(managers) : stored
  })
}

/** What the client wants them to be; undefined when it sent none, those that are stored, or what cannot be read. */
function managersSent({ live, updated }: TrackUpdateInput): Managers | undefined {
  const entries = managedFieldsOf(updated) as Json | undefined
  if (entries === undefined || entries === null) return undefined
  if (live && jsonEqual(entries, (live.metadata.managedFields ?? null) as Json)) return undefined
  if (isReset(entries)) return new Map()
  try {
    const managers = parseManagers(entries)
    return managers.size > 0 ? managers : undefined
  } catch {
    return undefined
  }
}

export interface UpdateRecord extends FieldManagement {
  readonly live?: KubeObject | undefined
  readonly updated: KubeObject
  readonly manager: string
  readonly nowSeconds: number
}

/** Brings `managers` up to date with a change; false when they are as they were. */
export function recordUpdate(managers: Managers, input: UpdateRecord): boolean {
  const { live, emptyObject } = input
  const before = (live ?? emptyObject ?? {}) as JsonObject
  const updated = input.updated as JsonObject
  const after = live || !emptyObject ? updated : withoutInitialNulls(updated, emptyObject)
  const comparison = compareThroughEndpoint(trackedPart(before), trackedPart(after), input)
  if (isUnchanged(comparison) && !input.convert) return false
  const previously = [...managers.values()]
  const author = authorOf(input)
  const identity = identityOf(author)
  if (managers.size > 0) {
    adaptManagers(managers, before, input)
    const { left } = followChange(managers, { before, after, comparison, author: identity }, input)
    for (const [other, fields] of left) setFields(managers, other, fields)
    dropEmpty(managers)
  }
  recordAuthor(managers, identity, author, comparison)
  capUpdateManagers(managers)
  return !areSame(previously, managers)
}

/** The author loses what was removed and gets what was added or changed; its time is that of the last such gain. */
function recordAuthor(managers: Managers, identity: string, author: Manager, comparison: Comparison): void {
  const previous = managers.get(identity)
  if (previous) setFields(managers, identity, difference(previous.fields, comparison.removed))
  const taken = withoutNeverTracked(union(comparison.modified, comparison.added))
  if (isEmptySet(taken)) return
  const kept = managers.get(identity)
  const fields = kept ? union(kept.fields, taken) : taken
  if (kept?.fields !== fields || kept.time !== author.time) managers.set(identity, { ...author, fields })
}

function authorOf({ manager, apiVersion, subresource, nowSeconds }: UpdateRecord): Manager {
  return {
    name: manager === '' ? 'unknown' : manager,
    operation: 'Update',
    apiVersion,
    subresource: subresource ?? '',
    time: formatSeconds(nowSeconds),
    fields: nothing,
  }
}

function dropEmpty(managers: Managers): void {
  for (const [identity, { fields }] of managers) if (isEmptySet(fields)) managers.delete(identity)
}
