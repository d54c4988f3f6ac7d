import { goQuote } from '../field-error.ts'
import type { JsonObject, ManagedFieldsEntry } from '../object.ts'
import { isJsonObject } from '../patch/json-value.ts'
import { formatTime } from '../time.ts'
import { type FieldSet, isEmptySet, parseFieldSet } from './field-set.ts'

/** Who owns which fields: one entry of `metadata.managedFields`. */
export interface Manager {
  readonly name: string
  readonly operation: 'Apply' | 'Update'
  /** The version in which the fields were written. */
  readonly apiVersion: string
  readonly subresource: string
  /** RFC 3339 in UTC, whole seconds. */
  readonly time: string | undefined
  readonly fields: FieldSet
}

/** By identity: an applier is the same one in every version, an updater is another one in each. */
export type Managers = Map<string, Manager>

export type ManagerIdentity = Pick<Manager, 'name' | 'operation' | 'apiVersion' | 'subresource'>

/** Sorts as upstream's identifiers sort, which are this very text. */
export function identityOf({ name, operation, apiVersion, subresource }: ManagerIdentity): string {
  let identity = name === '' ? '{' : `{"manager":${JSON.stringify(name)},`
  identity += `"operation":"${operation}"`
  if (operation === 'Update') identity += `,"apiVersion":${JSON.stringify(apiVersion)}`
  if (subresource !== '') identity += `,"subresource":${JSON.stringify(subresource)}`
  return `${identity}}`
}

/** Reads `metadata.managedFields`; throws a plain Error with the reason when an entry is malformed. */
export function parseManagers(entries: unknown): Managers {
  const managers: Managers = new Map()
  if (entries === undefined || entries === null) return managers
  if (!Array.isArray(entries)) throw new Error('managedFields must be an array')
  for (const [index, entry] of entries.entries()) {
    const manager = parseManager(entry, index)
    managers.set(identityOf(manager), manager)
  }
  return managers
}

function parseManager(entry: unknown, index: number): Manager {
  if (!isJsonObject(entry)) throw new Error(`managed fields entry ${index} must be an object`)
  const { operation, fieldsType } = entry
  if (operation !== 'Apply' && operation !== 'Update') throw new Error('operation must be `Apply` or `Update`')
  const apiVersion = textOf(entry, 'apiVersion')
  if (apiVersion === '') throw new Error('apiVersion must not be empty')
  if (fieldsType === undefined || fieldsType === null || fieldsType === '') {
    throw new Error(`missing fieldsType in managed fields entry ${index}`)
  }
  if (fieldsType !== 'FieldsV1') {
    throw new Error(`invalid fieldsType ${goQuote(textOf(entry, 'fieldsType'))} in managed fields entry ${index}`)
  }
  return {
    name: textOf(entry, 'manager'),
    operation,
    apiVersion,
    subresource: textOf(entry, 'subresource'),
    time: timeOf(entry['time']),
    fields: parseFieldSet(entry['fieldsV1']),
  }
}

function textOf(entry: JsonObject, key: string): string {
  const value = entry[key] ?? ''
  if (typeof value !== 'string') throw new Error(`${key} must be a string`)
  return value
}

const inOwnForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

function timeOf(time: unknown): string | undefined {
  if (time === undefined || time === null) return undefined
  const seconds = typeof time === 'string' ? Math.floor(Date.parse(time) / 1000) : Number.NaN
  if (typeof time !== 'string' || Number.isNaN(seconds)) throw new Error('time must be a date and time of RFC 3339')
  return inOwnForm.test(time) ? time : formatSeconds(seconds)
}

/** RFC 3339. */
export function formatSeconds(seconds: number): string {
  return formatTime(seconds * 1000)
}

/**
 * What this package once wrote into an object's `managedFields`, without checking the fields again.
 * Entries that cannot be ours make it empty, as upstream has it.
 */
export function storedManagers(entries: readonly ManagedFieldsEntry[] | undefined): Managers {
  const managers: Managers = new Map()
  for (const entry of entries ?? []) {
    const { operation, apiVersion, fieldsV1 } = entry
    if ((operation !== 'Apply' && operation !== 'Update') || !apiVersion) return new Map()
    const manager: Manager = {
      name: entry.manager ?? '',
      operation,
      apiVersion,
      subresource: entry.subresource ?? '',
      time: entry.time,
      fields: (fieldsV1 ?? {}) as FieldSet,
    }
    managers.set(identityOf(manager), manager)
  }
  return managers
}

/** Sorted as the real server sorts; undefined when there is nobody. */
export function toManagedFields(managers: Managers): ManagedFieldsEntry[] | undefined {
  if (managers.size === 0) return undefined
  const entries = [...managers.values()]
  return (entries.length === 1 ? entries : entries.sort(compareManagers)).map(toEntry)
}

/** In the order in which the real server writes the fields. */
function toEntry({ name, operation, apiVersion, subresource, time, fields }: Manager): ManagedFieldsEntry {
  const entry: ManagedFieldsEntry = name === '' ? { operation } : { manager: name, operation }
  entry.apiVersion = apiVersion
  if (time !== undefined) entry.time = time
  entry.fieldsType = 'FieldsV1'
  entry.fieldsV1 = fields
  if (subresource !== '') entry.subresource = subresource
  return entry
}

function compareManagers(left: Manager, right: Manager): number {
  return (
    compareText(left.operation, right.operation) ||
    compareText(left.time ?? '', right.time ?? '') ||
    compareText(left.name, right.name) ||
    compareText(left.apiVersion, right.apiVersion) ||
    compareText(left.subresource, right.subresource)
  )
}

export function compareText(left: string, right: string): number {
  return left === right ? 0 : left < right ? -1 : 1
}

/** Puts `fields` in the place of a manager's, or removes the manager when nothing is left. */
export function setFields(managers: Managers, identity: string, fields: FieldSet): void {
  const manager = managers.get(identity)
  if (!manager || manager.fields === fields) return
  if (isEmptySet(fields)) managers.delete(identity)
  else managers.set(identity, { ...manager, fields })
}

/** `[]` or `[{}]`: the client asks to forget who owns what. */
export function isReset(entries: unknown): boolean {
  if (!Array.isArray(entries)) return false
  if (entries.length !== 1) return entries.length === 0
  const [entry] = entries as unknown[]
  return (
    isJsonObject(entry) && Object.values(entry).every((value) => value === '' || value === null || value === undefined)
  )
}

/** Whether `after` has the very managers of `before`: a manager that did not change is the same object. */
export function areSame(before: readonly Manager[], after: Managers): boolean {
  if (before.length !== after.size) return false
  let index = 0
  for (const manager of after.values()) if (manager === before[index]) index++
  if (index === before.length) return true
  const present = new Set(after.values())
  return before.every((manager) => present.has(manager))
}
