import { badRequest } from '../api-errors.ts'
import { fromApiVersion } from '../group-version.ts'
import type { Json, JsonObject, KubeObject, ManagedFieldsEntry } from '../object.ts'
import { cloneJsonObject, isJsonObject, jsonEqual, withinStack } from '../patch/json-value.ts'
import { unmergeablePatch } from '../patch/patch-errors.ts'
import { conflictError } from './conflicts.ts'
import { difference, equalSets, type FieldSet, isEmptySet } from './field-set.ts'
import { clientSideApplyManager, fieldsOfClientSideApply, withCurrentLastApplied } from './last-applied.ts'
import { areSame, formatSeconds, identityOf, type Manager, type Managers, setFields } from './managers.ts'
import { storedManagers, toManagedFields } from './managers.ts'
import { type ChangeOfOwners, followChange, withoutManagedFields, withoutNeverTracked } from './ownership.ts'
import { adaptManagers, compareThroughEndpoint, type FieldManagement, throughEndpoint } from './ownership.ts'
import { prune } from './prune.ts'
import { describeProblems, readApplied } from './read-applied.ts'
import { recordUpdate } from './track-update.ts'
import { mergeObjects } from './typed-merge.ts'

export interface ApplyPatchInput extends FieldManagement {
  /** The stored object; absent when the apply creates it. */
  readonly live?: KubeObject | undefined
  /** The decoded body: a configuration that says what its manager wants, and nothing else. */
  readonly applied: JsonObject
  /** The kind of the endpoint; the configuration has to be of that kind and version. */
  readonly kind: string
  readonly manager: string
  /** Takes what others own instead of failing with 409. */
  readonly force?: boolean | undefined
  readonly nowSeconds: number
}

export interface ApplyPatchResult {
  /**
   * The merged object without managedFields, still to be defaulted and decoded. When `unchanged`, it is `live`; else it
   * shares no container with it.
   */
  readonly object: KubeObject
  /** The very array of `live` when nothing changed in them. */
  readonly managedFields: ManagedFieldsEntry[] | undefined
  /** Neither the object nor who owns what has changed: nothing need be written. */
  readonly unchanged: boolean
}

/**
 * Server-side apply. https://kubernetes.io/docs/reference/using-api/server-side-apply/
 *
 * Errors: 400 for another kind or version and for managedFields in the body; 409 with a FieldManagerConflict cause for
 * each field that another manager owns with another value, unless `force`; upstream's 500 with a text that names the
 * field when the configuration does not fit the schema.
 */
export function applyPatch(input: ApplyPatchInput): ApplyPatchResult {
  return withinStack(() => {
    refuseForeign(input)
    const fields = readFields(input)
    const attempt = { ...input, force: input.force ?? false, fields, ownable: withoutNeverTracked(fields) }
    const result = input.manager === clientSideApplyManager ? applyAsKubectl(attempt) : apply(attempt)
    return finish(input, result)
  })
}

function refuseForeign({ applied, kind, apiVersion }: ApplyPatchInput): void {
  const [version, ownKind] = [applied['apiVersion'], applied['kind']]
  if (version !== apiVersion || ownKind !== kind) {
    throw badRequest(`invalid object type: ${describeKind(text(version), text(ownKind))}`)
  }
  const { metadata } = applied
  if (isJsonObject(metadata) && Array.isArray(metadata['managedFields'])) {
    throw badRequest('metadata.managedFields must be nil')
  }
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}

/** `apps/v1, Kind=Deployment`, `/v1, Kind=Pod`. */
function describeKind(apiVersion: string, kind: string): string {
  const { group, version } = fromApiVersion(apiVersion) ?? { group: '', version: '' }
  return `${group}/${version}, Kind=${kind}`
}

/** What the configuration speaks about; throws when it does not fit the schema. */
function readFields(input: ApplyPatchInput): FieldSet {
  const { applied, kind, apiVersion, schema } = input
  const { fields, problems } = readApplied(applied, schema)
  if (problems.length === 0) return throughEndpoint(fields, input)
  const metadata = isJsonObject(applied['metadata']) ? applied['metadata'] : {}
  const subject = `${text(metadata['namespace'])}/${text(metadata['name'])}; ${describeKind(apiVersion, kind)}`
  throw unmergeablePatch(`failed to create typed patch object (${subject}): ${describeProblems(problems)}`)
}

interface Attempt extends ApplyPatchInput {
  readonly force: boolean
  /** What the configuration speaks about, name and kind included. */
  readonly fields: FieldSet
  /** What of that somebody can own. */
  readonly ownable: FieldSet
}

interface Outcome {
  /** undefined when the object stays as it is. */
  readonly object: JsonObject | undefined
  readonly managers: Managers
  readonly sameManagers: boolean
  /** What other managers would lose, by identity; empty when forced. */
  readonly conflicts: ReadonlyMap<string, FieldSet>
}

function apply(attempt: Attempt): Outcome {
  const { force } = attempt
  const outcome = applyAnyway(attempt)
  if (!force && outcome.conflicts.size > 0) throw conflictError(outcome.conflicts, outcome.managers)
  return outcome
}

/** What client-side apply wrote is kubectl's own: conflicts about that are none. */
function applyAsKubectl(attempt: Attempt): Outcome {
  const outcome = applyAnyway(attempt)
  if (attempt.force || outcome.conflicts.size === 0) return outcome
  const own = attempt.live && fieldsOfClientSideApply(withoutManagedFields(attempt.live) as JsonObject, attempt)
  const foreign = own ? conflictsBeyond(outcome.conflicts, own) : outcome.conflicts
  if (foreign.size > 0) throw conflictError(foreign, outcome.managers)
  return applyAnyway({ ...attempt, force: true })
}

function conflictsBeyond(conflicts: ReadonlyMap<string, FieldSet>, own: FieldSet): Map<string, FieldSet> {
  const foreign = new Map<string, FieldSet>()
  for (const [identity, fields] of conflicts) {
    const rest = difference(fields, own)
    if (!isEmptySet(rest)) foreign.set(identity, rest)
  }
  return foreign
}

function applyAnyway(attempt: Attempt): Outcome {
  const { live, applied, schema, fields, ownable, nowSeconds } = attempt
  const managers = storedManagers(live?.metadata.managedFields)
  const previously = [...managers.values()]
  recordUnknownPast(managers, attempt)
  const before = live ? (withoutManagedFields(live) as JsonObject) : (attempt.emptyObject ?? {})
  adaptManagers(managers, before, attempt)
  const author = authorOf(attempt)
  const identity = identityOf(author)
  const previous = managers.get(identity)
  managers.set(identity, { ...author, time: previous?.time, fields })

  const merged = live ? mergeObjects(before, applied, schema) : applied
  const after = prune(merged, previous, ownable, managers, attempt)
  const isSame = live !== undefined && jsonEqual(before, after)
  const owners = isSame && !attempt.convert ? noChangeOfOwners : changeOfOwners(managers, before, after, attempt)
  const conflicts = attempt.force ? noChangeOfOwners.taken : owners.taken
  if (conflicts.size === 0) settle(managers, identity, owners)
  setFields(managers, identity, ownable)
  stamp(managers, identity, previous, isSame ? undefined : formatSeconds(nowSeconds))
  return { object: isSame ? undefined : after, managers, sameManagers: areSame(previously, managers), conflicts }
}

const noChangeOfOwners: ChangeOfOwners = { taken: new Map(), left: new Map() }

function changeOfOwners(managers: Managers, before: JsonObject, after: JsonObject, attempt: Attempt): ChangeOfOwners {
  const comparison = compareThroughEndpoint(before, after, attempt)
  return followChange(managers, { before, after, comparison, author: identityOf(authorOf(attempt)) }, attempt)
}

/** An object without managers was written by somebody unknown, before the first apply. */
function recordUnknownPast(managers: Managers, attempt: Attempt): void {
  if (managers.size > 0 || !attempt.live) return
  recordUpdate(managers, { ...attempt, live: undefined, updated: attempt.live, manager: 'before-first-apply' })
}

function authorOf({ manager, apiVersion, subresource }: Attempt): Omit<Manager, 'time' | 'fields'> {
  return {
    name: manager === '' ? 'unknown' : manager,
    operation: 'Apply',
    apiVersion,
    subresource: subresource ?? '',
  }
}

function settle(managers: Managers, author: string, { left }: ChangeOfOwners): void {
  for (const [identity, fields] of left) setFields(managers, identity, fields)
  for (const [identity, { fields }] of managers) {
    if (identity !== author && isEmptySet(fields)) managers.delete(identity)
  }
}

/** The author's entry with the time of this apply, or as it was before when nothing in it changed. */
function stamp(managers: Managers, identity: string, previous: Manager | undefined, time: string | undefined): void {
  const current = managers.get(identity)
  if (!current) return
  if (isEmptySet(current.fields)) {
    managers.delete(identity)
  } else if (time !== undefined) {
    managers.set(identity, { ...current, time })
  } else if (previous && previous.apiVersion === current.apiVersion && equalSets(previous.fields, current.fields)) {
    managers.set(identity, previous)
  }
}

function finish({ live, applied, manager }: ApplyPatchInput, outcome: Outcome): ApplyPatchResult {
  const { object, managers, sameManagers } = outcome
  const before = live && (withoutManagedFields(live) as JsonObject)
  const written = object ?? before ?? {}
  const current = manager === clientSideApplyManager ? withCurrentLastApplied(written, applied) : written
  const unchanged = live !== undefined && current === before && sameManagers
  return {
    object: (unchanged ? live : cloneJsonObject(current)) as KubeObject,
    managedFields: live && sameManagers ? live.metadata.managedFields : toManagedFields(managers),
    unchanged,
  }
}
