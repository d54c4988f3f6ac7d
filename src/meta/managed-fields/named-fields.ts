import type { SchemaNode } from '../schema.ts'
import { type FieldSet, isEmptySet, nothing } from './field-set.ts'
import { self } from './path-element.ts'
import { asWholeObject, fieldSchema, isNamedField, itemSchema } from './typed-schema.ts'

type Draft = { [element: string]: FieldSet }

/** The set with every named field that leads to a member, which an applied configuration's set leaves out. */
export function withNamedFields(set: FieldSet, schema: SchemaNode): FieldSet {
  return withNamedFieldsBelow(set, asWholeObject(schema))
}

function withNamedFieldsBelow(set: FieldSet, schema: SchemaNode): FieldSet {
  const result: Draft = {}
  for (const element in set) {
    const node = set[element] ?? nothing
    if (element === self) {
      result[self] = nothing
      continue
    }
    const name = element.startsWith('f:') ? element.slice(2) : undefined
    const below = withNamedFieldsBelow(node, name === undefined ? itemSchema(schema) : fieldSchema(schema, name))
    const leads = name !== undefined && isNamedField(schema, name)
    const isPassage = below[self] === undefined && !isEmptySet(below)
    result[element] = leads && isPassage ? { [self]: nothing, ...below } : below
  }
  return result
}
