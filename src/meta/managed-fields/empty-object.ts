import type { Json, JsonObject } from '../object.ts'
import { getOwn, isJsonObject, setOwn } from '../patch/json-value.ts'
import type { SchemaNode } from '../schema.ts'

const known = new WeakMap<SchemaNode, JsonObject>()

/**
 * What a built-in kind is before a client has set anything: structures that are always there, as empty objects, and
 * scalars that Go never omits, with their zero value. A create owns what differs from that, which is why `f:spec` of a
 * Deployment has no `.` of its own and `f:data` of a ConfigMap has one.
 */
export function emptyObjectOf(schema: SchemaNode): JsonObject {
  let empty = known.get(schema)
  if (!empty) known.set(schema, (empty = zeroStructure(schema)))
  return empty
}

function zeroStructure(schema: SchemaNode): JsonObject {
  const zero: JsonObject = {}
  for (const [name, field] of schema.properties ?? []) {
    const value = zeroValue(field, schema.required?.includes(name) ?? false)
    if (value !== undefined) setOwn(zero, name, value)
  }
  return zero
}

/** undefined for a field that is omitted while it is empty, and where it makes no difference. */
function zeroValue(field: SchemaNode, required: boolean): Json | undefined {
  const value = field.default
  // `containers` is null before somebody sets it; other required lists of this type do not exist.
  if (value === undefined) return required && field.listType === 'map' ? null : undefined
  if (isJsonObject(value)) return field.type === 'object' ? zeroStructure(field) : {}
  // A default that is no zero value is applied later, when the object is there.
  return value === '' || value === 0 || value === false ? value : undefined
}

/**
 * Without the nulls that Go writes into structures that are always there (missing times, empty lists that it does not
 * omit): they were there before, too. Itself when there are none.
 */
export function withoutInitialNulls(object: JsonObject, empty: JsonObject): JsonObject {
  let result: JsonObject | undefined
  for (const key of Object.keys(object)) {
    const value = object[key]
    const before = getOwn(empty, key)
    if (value === null && before === undefined) {
      result ??= { ...object }
      delete result[key]
    } else if (isJsonObject(value) && isJsonObject(before)) {
      const rest = withoutInitialNulls(value, before)
      if (rest !== value) setOwn((result ??= { ...object }), key, rest)
    }
  }
  return result ?? object
}
