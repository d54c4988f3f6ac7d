import type { ManagedFieldsEntry } from '../object.ts'
import { difference, type FieldSet, hasPath, isEmptySet, setOfPaths, union } from './field-set.ts'
import { identityOf, type Manager, type Managers, storedManagers, toManagedFields } from './managers.ts'
import { fieldElement } from './path-element.ts'

/*
 * Ownership as the scale subresource sees it: whoever owns the replicas of the object owns `spec.replicas` of the Scale.
 * A write to the Scale is tracked there (`trackUpdate`, `applyPatch` with subresource "scale") and carried back.
 */

/** Where each version of the resource keeps its replicas: `apps/v1` → `['spec', 'replicas']`. */
export type ReplicasPaths = ReadonlyMap<string, readonly string[]>

const scaleVersion = 'autoscaling/v1'
const scaleReplicas = ['spec', 'replicas'] as const
const ownsReplicas = setOfPaths(scaleReplicas)

/** The managedFields of the Scale of an object with these managedFields. */
export function toScaleManagedFields(
  entries: readonly ManagedFieldsEntry[] | undefined,
  paths: ReplicasPaths,
): ManagedFieldsEntry[] | undefined {
  const scale: Managers = new Map()
  for (const manager of storedManagers(entries).values()) {
    if (!owns(manager, paths.get(manager.apiVersion))) continue
    const owner = { ...manager, apiVersion: scaleVersion, fields: ownsReplicas }
    scale.set(identityOf(owner), owner)
  }
  return toManagedFields(scale)
}

export interface ScaleManagedFields {
  /** Of the object, before the write. */
  readonly object: readonly ManagedFieldsEntry[] | undefined
  /** Of the Scale, after it. */
  readonly scale: readonly ManagedFieldsEntry[] | undefined
  readonly paths: ReplicasPaths
  /** The version in which new owners of the replicas are recorded. */
  readonly apiVersion: string
}

/** The object's managedFields after a write to its Scale: who lost the replicas there loses them here. */
export function fromScaleManagedFields(change: ScaleManagedFields): ManagedFieldsEntry[] | undefined {
  const { object, scale, paths, apiVersion } = change
  const owners = new Map([...storedManagers(scale).values()].map((owner) => [whoIs(owner), owner]))
  const managers: Managers = new Map()
  for (const [identity, manager] of storedManagers(object)) {
    const path = paths.get(manager.apiVersion)
    const isStillOwner = owners.delete(whoIs(manager)) && owns(manager, path)
    const fields = path && !isStillOwner ? difference(manager.fields, setOfPaths(path)) : manager.fields
    if (!isEmptySet(fields)) managers.set(identity, fields === manager.fields ? manager : { ...manager, fields })
  }
  const path = paths.get(apiVersion)
  if (path) for (const owner of owners.values()) addOwner(managers, owner, apiVersion, setOfPaths(path))
  return toManagedFields(managers)
}

function addOwner(managers: Managers, owner: Manager, apiVersion: string, replicas: FieldSet): void {
  if (!hasPath(owner.fields, scaleReplicas.map(fieldElement))) return
  const identity = identityOf({ ...owner, apiVersion })
  const present = managers.get(identity)
  const fields = present ? union(replicas, present.fields) : replicas
  managers.set(identity, { ...owner, apiVersion, fields })
}

function owns({ fields }: Manager, path: readonly string[] | undefined): boolean {
  return path !== undefined && hasPath(fields, path.map(fieldElement))
}

/** Both sides name the same manager in versions of their own. */
function whoIs({ name, operation, subresource }: Manager): string {
  return JSON.stringify([name, operation, subresource])
}
