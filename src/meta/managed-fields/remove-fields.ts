import type { Json, JsonObject } from '../object.ts'
import { isJsonObject, setOwn } from '../patch/json-value.ts'
import type { SchemaNode } from '../schema.ts'
import { type FieldSet, hasPath, isEmptySet, membersBelow } from './field-set.ts'
import { fieldElement } from './path-element.ts'
import { asWholeObject, fieldSchema, isAtomicList, isAtomicMap } from './typed-schema.ts'
import { itemElement, itemSchema, shapeOf } from './typed-schema.ts'

/** The object without the fields and items that are members of `fields`; containers that become empty stay. */
export function removeFields(object: JsonObject, fields: FieldSet, schema: SchemaNode): JsonObject {
  if (isEmptySet(fields)) return object
  const rest = withoutFields(asWholeObject(schema), object, fields)
  return isJsonObject(rest) ? rest : {}
}

function withoutFields(schema: SchemaNode, value: Json, fields: FieldSet): Json {
  switch (shapeOf(schema, value)) {
    case 'map':
      // A member below an atomic value is a relic of a schema that has changed: the whole value goes.
      if (!isJsonObject(value) || isAtomicMap(schema)) return emptied(value)
      return withoutMembers(schema, value, fields)
    case 'list':
      if (!Array.isArray(value) || isAtomicList(schema)) return emptied(value)
      return withoutItems(schema, value, fields)
    default:
      return value
  }
}

function withoutMembers(schema: SchemaNode, map: JsonObject, fields: FieldSet): JsonObject {
  const rest: JsonObject = {}
  for (const key of Object.keys(map)) {
    const value = map[key]
    const element = fieldElement(key)
    if (value === undefined || hasPath(fields, [element])) continue
    const below = membersBelow(fields, element)
    setOwn(rest, key, isEmptySet(below) ? value : withoutFields(fieldSchema(schema, key), value, below))
  }
  return rest
}

function withoutItems(schema: SchemaNode, list: readonly Json[], fields: FieldSet): Json[] {
  const rest: Json[] = []
  for (const item of list) {
    const element = itemElement(schema, item)
    if (typeof element !== 'string') {
      rest.push(item)
      continue
    }
    if (hasPath(fields, [element])) continue
    const below = membersBelow(fields, element)
    rest.push(isEmptySet(below) ? item : withoutFields(itemSchema(schema), item, below))
  }
  return rest
}

function emptied(value: Json): Json {
  if (Array.isArray(value)) return []
  return isJsonObject(value) ? {} : null
}
