import { canonicalJson } from '../../base/canonical-json.ts'
import type { Json, JsonObject, KubeObject } from '../../meta/object.ts'
import { isJsonObject } from '../../meta/patch/json-value.ts'

/** The manager under which placement writes into objects: who wrote a field of their status is recorded beside it. */
export const placementManager = 'atoll-placement'

/** `fieldsV1`: a tree of `f:<field>`, `k:{…}` (the item of a list with these keys) and `v:…` (this value in a set). */
type Fields = Record<string, unknown>

/**
 * The status without what placement wrote there, for an object whose copies do not speak for it any more. What the
 * workspace's own controllers wrote stays. Undefined when nothing in it is of placement.
 */
export function withoutOwnStatus({ metadata, status }: KubeObject): JsonObject | undefined {
  const own = metadata.managedFields?.find(
    ({ manager, subresource }) => manager === placementManager && subresource === 'status',
  )
  const fields = own?.fieldsV1?.['f:status']
  if (!isJsonObject(fields) || !isJsonObject(status)) return undefined
  return withoutMembers(status, fields)
}

function without(value: Json | undefined, fields: Fields): Json | undefined {
  if (Array.isArray(value) && hasItems(fields)) {
    const rest = value.filter((item) => !ownsItem(fields, item))
    return rest.length > 0 ? rest : undefined
  }
  if (!isJsonObject(value) || !hasMembers(fields)) return undefined
  const rest = withoutMembers(value, fields)
  return Object.keys(rest).length > 0 ? rest : undefined
}

function withoutMembers(map: JsonObject, fields: Fields): JsonObject {
  const members = Object.entries(map).map(([name, value]) => {
    const below = fields[`f:${name}`]
    return [name, isJsonObject(below) ? without(value, below) : value] as const
  })
  return Object.fromEntries(members.filter(([, value]) => value !== undefined))
}

const hasItems = (fields: Fields) => Object.keys(fields).some((element) => /^[kv]:/.test(element))
const hasMembers = (fields: Fields) => Object.keys(fields).some((element) => element.startsWith('f:'))

/** Whoever added an item has it as a whole (`.`, or its value); a field of another's item is left in it. */
function ownsItem(fields: Fields, item: Json): boolean {
  const values = Object.keys(fields).filter((element) => element.startsWith('v:'))
  if (values.some((element) => canonicalJson(JSON.parse(element.slice(2))) === canonicalJson(item))) return true
  if (!isJsonObject(item)) return false
  return Object.entries(fields).some(([element, below]) => {
    if (!element.startsWith('k:') || !isJsonObject(below) || !('.' in below)) return false
    const keys = JSON.parse(element.slice(2)) as JsonObject
    return Object.entries(keys).every(([name, value]) => item[name] === value)
  })
}
