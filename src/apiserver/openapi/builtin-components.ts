import { definitionFacts, type SchemaFacts } from '../../registry/schema/schema-facts.ts'
import { descriptionOf } from './descriptions.ts'
import { type OpenApiSchema, refTo } from './openapi-schema.ts'

/** Kinds of the API machinery that belong to every group and version. */
const everywhere = new Set([
  'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions',
  'io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent',
])

/** A definition of the facts table as a component of the document of a group and version; undefined for an unknown one. */
export function builtinComponent(definition: string, group: string, version: string): OpenApiSchema | undefined {
  const facts = definitionFacts(definition)
  if (!facts) return undefined
  const schema = toSchema(facts, definition)
  if (group === '' || !everywhere.has(definition)) return schema
  const kinds = facts['x-kubernetes-group-version-kind'] ?? []
  const kind = definition.split('.').at(-1)
  return { ...schema, 'x-kubernetes-group-version-kind': [...kinds, { group, kind, version }] }
}

function toSchema(facts: SchemaFacts, definition: string): OpenApiSchema {
  const { properties } = facts
  const description = descriptionOf(definition)
  return {
    ...(description === undefined ? {} : { description }),
    ...inner(facts),
    ...(properties ? { properties: mapValues(properties, (field, name) => toField(field, definition, name)) } : {}),
  }
}

function toField(facts: SchemaFacts, definition: string, name: string): OpenApiSchema {
  const description = descriptionOf(definition, name)
  const schema = inner(facts)
  // Only within allOf may a reference have neighbours, such as the description that most fields have.
  const wrapped = facts.$ref === undefined ? schema : wrap(facts, schema)
  return description === undefined ? wrapped : { description, ...wrapped }
}

/** Everything but the description and the properties. */
function inner(facts: SchemaFacts): OpenApiSchema {
  const { $ref, properties: _properties, items, additionalProperties, 'x-kubernetes-v2-schema': _v2, ...rest } = facts
  return {
    ...rest,
    ...($ref === undefined ? {} : refTo($ref)),
    ...(items ? { items: toItem(items) } : {}),
    ...(additionalProperties ? { additionalProperties: toItem(additionalProperties) } : {}),
  }
}

function toItem(facts: SchemaFacts): OpenApiSchema {
  const schema = inner(facts)
  return facts.$ref !== undefined && Object.keys(schema).length > 1 ? wrap(facts, schema) : schema
}

function wrap({ $ref = '' }: SchemaFacts, { $ref: _reference, ...rest }: OpenApiSchema): OpenApiSchema {
  return { ...rest, allOf: [refTo($ref)] }
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, map: (value: T, name: string) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value, name)]))
}
