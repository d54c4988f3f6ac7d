import { assert } from '../../base/assert.ts'
import type { SchemaNode } from '../../meta/schema.ts'
import { definitionFacts, definitionNameOf, objectMetaDefinition, type SchemaFacts } from './schema-facts.ts'
import { createSchemaNode } from './schema-node.ts'

const apimachinery = 'io.k8s.apimachinery.pkg'
const apiextensions = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1'
const jsonSchemaProps = `${apiextensions}.JSONSchemaProps`

/** Kinds whose Go types read and write JSON by themselves; the facts alone would misjudge them. */
const special = new Map<string, () => SchemaNode>([
  [`${apimachinery}.api.resource.Quantity`, () => createSchemaNode({ type: 'string', format: 'quantity' })],
  [
    `${apimachinery}.util.intstr.IntOrString`,
    () => createSchemaNode({ type: 'int-or-string', format: 'int-or-string' }),
  ],
  [`${apimachinery}.apis.meta.v1.Time`, () => createSchemaNode({ type: 'string', format: 'date-time' })],
  [`${apimachinery}.apis.meta.v1.MicroTime`, () => createSchemaNode({ type: 'string', format: 'micro-time' })],
  [`${apimachinery}.apis.meta.v1.Duration`, () => createSchemaNode({ type: 'string', format: 'duration' })],
  [
    `${apimachinery}.runtime.RawExtension`,
    // Server-side apply sees it as one field.
    () => createSchemaNode({ type: 'any', preserveUnknownFields: true, mapType: 'atomic' }),
  ],
  [
    `${apimachinery}.apis.meta.v1.FieldsV1`,
    () => createSchemaNode({ type: 'any', preserveUnknownFields: true, mapType: 'atomic', format: 'fields-v1' }),
  ],
  [`${apiextensions}.JSON`, () => createSchemaNode({ type: 'any', preserveUnknownFields: true })],
  [`${apiextensions}.JSONSchemaPropsOrBool`, () => schemaOr('schema-or-bool')],
  [`${apiextensions}.JSONSchemaPropsOrArray`, () => schemaOr('schema-or-array')],
  [`${apiextensions}.JSONSchemaPropsOrStringArray`, () => schemaOr('schema-or-string-array')],
])

/** A schema or something else. What is unknown inside goes without a warning, as Go's decoder of these types has it. */
function schemaOr(format: string): SchemaNode {
  const schema = compileDefinition(jsonSchemaProps)
  const items = format === 'schema-or-array' ? schema : undefined
  return createSchemaNode({ type: 'any', format, properties: schema.properties, items })
}

/** Marks the node of `metadata`: validation leaves it to the rules of metadata. */
export const objectMetaFormat = 'object-meta'

const definitions = new Map<string, SchemaNode>()
/** Nodes of anonymous schemas by their facts: `{"type":"string"}` exists once. */
const anonymous = new Map<string, SchemaNode>()
const definitionOfNode = new WeakMap<SchemaNode, string>()

/**
 * The schema of a kind of the facts table. Compiled at first use together with everything it reaches; nodes are shared
 * between kinds. A definition that contains itself is a cycle through its `properties`.
 */
export function builtinSchema(group: string, version: string, kind: string): SchemaNode {
  const name = definitionNameOf(group, version, kind)
  assert(name !== undefined, `no schema of kind ${kind} in ${group}/${version}`)
  return compileDefinition(name)
}

export function hasBuiltinSchema(group: string, version: string, kind: string): boolean {
  return definitionNameOf(group, version, kind) !== undefined
}

/** The schema of `metadata`, the same node in every kind. */
export function objectMetaSchema(): SchemaNode {
  return compileDefinition(objectMetaDefinition)
}

/** The definition that a node was made from, for error texts: `io.k8s.api.apps.v1.DeploymentSpec`. */
export function definitionNameOfNode(node: SchemaNode): string | undefined {
  return definitionOfNode.get(node)
}

function compileDefinition(name: string): SchemaNode {
  const known = definitions.get(name)
  if (known) return known
  const make = special.get(name)
  const node = make ? make() : compileObject(name)
  definitions.set(name, node)
  definitionOfNode.set(node, name)
  return node
}

function compileObject(name: string): SchemaNode {
  const facts = definitionFacts(name)
  assert(facts !== undefined, `definition ${name} is missing from the schema facts`)
  if (!facts.properties) return createSchemaNode({ ...partsOf(facts), ...structureOf(facts) })
  const properties = new Map<string, SchemaNode>()
  const format = name === objectMetaDefinition ? objectMetaFormat : facts.format
  const node = createSchemaNode({ ...partsOf(facts), format, properties })
  // Registered before its fields are compiled: a field may lead back here.
  definitions.set(name, node)
  definitionOfNode.set(node, name)
  for (const [field, schema] of Object.entries(facts.properties)) properties.set(field, compileAnonymous(schema))
  return node
}

function compileAnonymous(facts: SchemaFacts): SchemaNode {
  const key = JSON.stringify(facts)
  const known = anonymous.get(key)
  if (known) return known
  const node = facts.$ref === undefined ? compileInline(facts) : compileReference(facts, facts.$ref)
  anonymous.set(key, node)
  return node
}

function compileInline(facts: SchemaFacts): SchemaNode {
  return createSchemaNode({ ...partsOf(facts), ...structureOf(facts) })
}

/** A reference with facts of its own (a default, a patch strategy) is a copy that shares the fields. */
function compileReference(facts: SchemaFacts, name: string): SchemaNode {
  const target = compileDefinition(name)
  if (Object.keys(facts).length === 1) return target
  const own = Object.fromEntries(Object.entries(partsOf(facts)).filter(([, value]) => value !== undefined))
  const node = createSchemaNode({ ...target, ...own, type: target.type })
  definitionOfNode.set(node, name)
  return node
}

function partsOf(facts: SchemaFacts) {
  return {
    type: facts.type ?? 'any',
    default: facts.default,
    enum: facts.enum,
    required: facts.required,
    format: facts.format,
    listType: facts['x-kubernetes-list-type'],
    listMapKeys: facts['x-kubernetes-list-map-keys'],
    mapType: facts['x-kubernetes-map-type'],
    patchMergeKey: facts['x-kubernetes-patch-merge-key'],
    patchStrategies: patchStrategiesOf(facts['x-kubernetes-patch-strategy']),
  } as const
}

function structureOf(facts: SchemaFacts) {
  return {
    items: facts.items && compileAnonymous(facts.items),
    additionalProperties: facts.additionalProperties && compileAnonymous(facts.additionalProperties),
  }
}

function patchStrategiesOf(text: string | undefined): SchemaNode['patchStrategies'] {
  if (text === undefined) return undefined
  const strategies = text.split(',')
  assert(strategies.every(isPatchStrategy), `unknown patch strategy ${text}`)
  return strategies
}

function isPatchStrategy(text: string): text is 'merge' | 'replace' | 'retainKeys' {
  return text === 'merge' || text === 'replace' || text === 'retainKeys'
}
