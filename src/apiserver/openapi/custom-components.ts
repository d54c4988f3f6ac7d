import type { JsonObject } from '../../meta/object.ts'
import { openApiSchemaOf } from '../../registry/custom/custom-resource-definition.ts'
import type { ResourceDefinition, ResourceVersion } from '../../registry/resource-definition.ts'
import { isJsonObject, ownField } from '../../registry/schema/json-value.ts'
import { type OpenApiSchema, refTo } from './openapi-schema.ts'

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1'

const typeFields: OpenApiSchema = {
  apiVersion: { type: 'string', description: 'The group and version of the schema that this object follows.' },
  kind: { type: 'string', description: 'The kind of object that this is.' },
}
const metadataField: OpenApiSchema = { description: 'What all objects have.', allOf: [refTo(`${meta}.ObjectMeta`)] }

/** `example.com` → `com.example` */
export function reversedGroup(group: string): string {
  return group.split('.').reverse().join('.')
}

/** The kind and its list as components, by definition. */
export function customComponents(definition: ResourceDefinition, version: ResourceVersion): [string, OpenApiSchema][] {
  const { group, kind, listKind, resource } = definition
  const prefix = `${reversedGroup(group)}.${version.version}`
  const gvk = (name: string) => ({
    'x-kubernetes-group-version-kind': [{ group, kind: name, version: version.version }],
  })
  const fields = [...version.selectableFields.keys()].map((fieldPath) => ({ fieldPath }))
  const selectable = fields.length > 0 ? { 'x-kubernetes-selectable-fields': fields } : {}
  const list: OpenApiSchema = {
    description: `${listKind} is a list of ${kind}`,
    type: 'object',
    required: ['items'],
    properties: {
      ...typeFields,
      metadata: { description: 'What all lists have.', allOf: [refTo(`${meta}.ListMeta`)] },
      items: { description: `List of ${resource}.`, type: 'array', items: refTo(`${prefix}.${kind}`) },
    },
  }
  return [
    [`${prefix}.${kind}`, { ...publish(openApiSchemaOf(version) ?? {}, true), ...gvk(kind), ...selectable }],
    [`${prefix}.${listKind}`, { ...list, ...gvk(listKind), ...selectable }],
  ]
}

/** A structural schema as clients want to see it: with the fields that every object has, in all embedded ones too. */
function publish(schema: JsonObject, isObject: boolean): OpenApiSchema {
  const embedded = ownField(schema, 'x-kubernetes-embedded-resource') === true
  const result: OpenApiSchema = { ...schema }
  const properties = publishProperties(ownField(schema, 'properties'))
  if (properties) result['properties'] = properties
  if (isObject || embedded) result['properties'] = { ...typeFields, ...properties, metadata: metadataField }
  if (embedded) result['required'] = withTypeFields(ownField(schema, 'required'))
  for (const name of ['items', 'additionalProperties']) {
    const child = ownField(schema, name)
    if (isJsonObject(child)) result[name] = publish(child, false)
  }
  const isLoose = ownField(schema, 'x-kubernetes-int-or-string') === true && ownField(schema, 'anyOf') === undefined
  if (isLoose && ownField(schema, 'allOf') === undefined) result['anyOf'] = [{ type: 'integer' }, { type: 'string' }]
  return result
}

function publishProperties(properties: unknown): OpenApiSchema | undefined {
  if (!isJsonObject(properties)) return undefined
  const entries = Object.entries(properties)
  return Object.fromEntries(entries.map(([name, field]) => [name, isJsonObject(field) ? publish(field, false) : field]))
}

function withTypeFields(required: unknown): readonly unknown[] {
  const names = Array.isArray(required) ? (required as unknown[]) : []
  return [...names, ...['kind', 'apiVersion'].filter((name) => !names.includes(name))]
}
