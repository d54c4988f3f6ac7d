import type { JsonObject, KubeObject } from '../object.ts'
import { getOwn, setOwn } from '../patch/json-value.ts'
import type { SchemaNode } from '../schema.ts'
import { type Comparison, compareObjects, filterComparison } from './compare.ts'
import type { EndpointFields } from './endpoint-fields.ts'
import {
  difference,
  type FieldSet,
  intersection,
  isEmptySet,
  onlyMatching,
  recursiveDifference,
  setOfPaths,
  union,
} from './field-set.ts'
import { type Manager, type Managers } from './managers.ts'
import { adaptToSchema } from './schema-changes.ts'

/** An object in some version, with that version's schema. */
export interface VersionedObject {
  readonly object: JsonObject
  readonly schema: SchemaNode
}

/**
 * Sees an object in another version of its resource; undefined when that version is not served any more, which makes
 * entries of that version vanish. Without a converter, versions differ in nothing but their name.
 */
export type ConvertVersion = (object: JsonObject, apiVersion: string) => VersionedObject | undefined

/**
 * What all operations need to know about the resource and the endpoint. Fields that the endpoint resets come to be owned
 * by nobody there, see `endpointFields`.
 */
export interface FieldManagement extends EndpointFields {
  readonly schema: SchemaNode
  /** `apps/v1`: the version of the request, in which all objects here are written. */
  readonly apiVersion: string
  /** `status`, `scale` …; absent on the main endpoint. */
  readonly subresource?: string | undefined
  /** What exists before a create: for built-in kinds `emptyObjectOf(schema)`, absent for custom resources. */
  readonly emptyObject?: JsonObject | undefined
  readonly convert?: ConvertVersion | undefined
}

const untrackedMetadata = [
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'clusterName',
  'generation',
  'managedFields',
  'resourceVersion',
] as const

const neverTracked = setOfPaths(
  ['apiVersion'],
  ['kind'],
  ['metadata'],
  ...untrackedMetadata.map((name) => ['metadata', name]),
)

/** Without the fields that belong to nobody: name, uid and the like. */
export function withoutNeverTracked(fields: FieldSet): FieldSet {
  return difference(fields, neverTracked)
}

export function managedFieldsOf(object: JsonObject | KubeObject): unknown {
  const metadata: unknown = object['metadata']
  return isPlainObject(metadata) ? metadata['managedFields'] : undefined
}

function isPlainObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The managed fields take no part in what they describe. */
export function withoutManagedFields<T extends JsonObject | KubeObject>(object: T): T {
  const metadata: unknown = object['metadata']
  if (!isPlainObject(metadata) || metadata['managedFields'] === undefined) return object
  const { managedFields: _, ...rest } = metadata
  return { ...object, metadata: rest }
}

const isUntracked: ReadonlySet<string> = new Set(untrackedMetadata)

/**
 * The part of an object of which somebody can own something: what belongs to nobody changes with every write, and need
 * not be compared. `metadata` itself stays, so that what is in it lies where it lies.
 */
export function trackedPart(object: JsonObject): JsonObject {
  const part: JsonObject = {}
  for (const name in object) {
    const value = getOwn(object, name)
    if (value === undefined || name === 'apiVersion' || name === 'kind') continue
    setOwn(part, name, name === 'metadata' && isPlainObject(value) ? trackedMetadata(value) : value)
  }
  return part
}

function trackedMetadata(metadata: JsonObject): JsonObject {
  const tracked: JsonObject = {}
  for (const name in metadata) {
    const value = isUntracked.has(name) ? undefined : getOwn(metadata, name)
    if (value !== undefined) setOwn(tracked, name, value)
  }
  return tracked
}

export interface Change {
  readonly before: JsonObject
  readonly after: JsonObject
  /** The result of `compareThroughEndpoint`, in the version of the request. */
  readonly comparison: Comparison
  /** Whose change it is; its own entry is not touched. Empty when all are. */
  readonly author: string
}

export interface ChangeOfOwners {
  /** What the change would take from each other manager, by identity. */
  readonly taken: ReadonlyMap<string, FieldSet>
  /** What each other manager has left when it may: without what the change took or removed. */
  readonly left: ReadonlyMap<string, FieldSet>
}

/** What a change means for the other managers. Managers of versions that are not served any more are dropped here. */
export function followChange(managers: Managers, change: Change, how: FieldManagement): ChangeOfOwners {
  const { author } = change
  const comparisonIn = versionedComparisons(change, how)
  const taken = new Map<string, FieldSet>()
  const left = new Map<string, FieldSet>()
  for (const [identity, manager] of managers) {
    if (identity === author) continue
    const seen = comparisonIn(manager.apiVersion)
    if (!seen) {
      managers.delete(identity)
      continue
    }
    const changed = union(seen.modified, seen.added)
    const loss = isEmptySet(changed) ? changed : intersection(manager.fields, changed)
    if (!isEmptySet(loss)) taken.set(identity, loss)
    left.set(identity, difference(difference(manager.fields, loss), seen.removed))
  }
  return { taken, left }
}

/** How the objects differ, without the fields that the endpoint resets. */
export function compareThroughEndpoint(before: JsonObject, after: JsonObject, how: FieldManagement): Comparison {
  const comparison = compareObjects(before, after, how.schema)
  return how.reset || how.only ? filterComparison(comparison, (set) => throughEndpoint(set, how)) : comparison
}

/** Compares once for each other version that somebody has written in. */
function versionedComparisons({ before, after, comparison }: Change, how: FieldManagement) {
  const known = new Map<string, Comparison | undefined>([[how.apiVersion, comparison]])
  return (apiVersion: string): Comparison | undefined => {
    if (!how.convert) return comparison
    if (!known.has(apiVersion)) {
      const [from, to] = [inVersion(before, apiVersion, how), inVersion(after, apiVersion, how)]
      const view = { ...how, schema: to?.schema ?? how.schema }
      known.set(apiVersion, from && to && compareThroughEndpoint(from.object, to.object, view))
    }
    return known.get(apiVersion)
  }
}

/** Without what the endpoint resets. */
export function throughEndpoint(fields: FieldSet, { reset, only }: EndpointFields): FieldSet {
  const rest = reset ? recursiveDifference(fields, reset) : fields
  return only ? onlyMatching(rest, only) : rest
}

/** undefined when the version is not served any more. */
export function inVersion(object: JsonObject, apiVersion: string, how: FieldManagement): VersionedObject | undefined {
  if (!how.convert || apiVersion === how.apiVersion) return { object, schema: how.schema }
  return how.convert(object, apiVersion)
}

/** Brings sets that were written for an older schema up to date. */
export function adaptManagers(managers: Managers, live: JsonObject, how: FieldManagement): void {
  for (const [identity, manager] of managers) {
    const schema =
      manager.apiVersion === how.apiVersion || !how.convert
        ? how.schema
        : inVersion(live, manager.apiVersion, how)?.schema
    if (!schema) managers.delete(identity)
    else adaptManager(managers, identity, manager, schema)
  }
}

function adaptManager(managers: Managers, identity: string, manager: Manager, schema: SchemaNode): void {
  const fields = adaptToSchema(manager.fields, schema)
  if (fields !== manager.fields) managers.set(identity, { ...manager, fields })
}
