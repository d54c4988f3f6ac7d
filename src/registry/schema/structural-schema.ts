import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Json, JsonObject } from '../../meta/object.ts'
import type { SchemaNode } from '../../meta/schema.ts'
import { objectMetaSchema } from './builtin-schemas.ts'
import { checkDepth } from './field-trail.ts'
import { cloneJson, isJsonObject, ownField } from './json-value.ts'
import { pruneUnknownFields } from './prune-unknown-fields.ts'
import { isKnownFormat } from './schema-formats.ts'
import { createSchemaNode, emptyNode } from './schema-node.ts'

export interface CompiledSchema {
  readonly node: SchemaNode
  /** Of the schema as it is written; equal schemas are compiled and held once. */
  readonly hash: string
}

/** Roughly what a node and its place in a parent cost. */
const nodeBytes = 400
const cacheBytes = 64 * 1024 * 1024

const compiled = new LRUCache<string, { schema: CompiledSchema; nodes: number }>({
  maxSize: cacheBytes,
  sizeCalculation: ({ nodes }) => nodes * nodeBytes,
})

/**
 * Compiles the `openAPIV3Schema` of one version of a CRD. The schema must be structural and valid: what the validation
 * of CRDs refuses is ignored here. The root node knows apiVersion, kind and metadata, which a schema need not mention.
 */
export function compileStructuralSchema(schema: JsonObject): CompiledSchema {
  const hash = contentHash(schema)
  const known = compiled.get(hash)
  if (known) return known.schema
  const compiler = new Compiler()
  const result = { node: compiler.compileRoot(schema), hash }
  compiled.set(hash, { schema: result, nodes: compiler.nodeCount })
  return result
}

/** 128 bits of SHA-256 over the JSON, safe in keys and URLs. Objects of equal content but other field order differ. */
export function contentHash(value: unknown): string {
  const text = JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? `${item}n` : item))
  return createHash('sha256').update(text).digest('base64url').slice(0, 22)
}

/** Leaves without constraints of their own recur in every schema. */
const sharedLeaves = new LRUCache<string, SchemaNode>({ max: 5_000 })

/** One compilation: equal parts of the schema become one node, which keeps the repetitive schemas of operators small. */
class Compiler {
  readonly #nodes = new Map<string, SchemaNode>()
  readonly #ids = new Map<SchemaNode, number>()

  get nodeCount(): number {
    return this.#nodes.size
  }

  compileRoot(schema: JsonObject): SchemaNode {
    return this.#compile(schema, 0, true)
  }

  #compile(schema: JsonObject, depth: number, isObject: boolean): SchemaNode {
    checkDepth(depth)
    const type = typeOf(schema)
    const children = this.#children(schema, depth)
    if (isObject) children.properties = withObjectFields(children.properties)
    const own = ownParts(schema, type)
    const value = ownField(schema, 'default')
    const parts = { ...own, type, ...children }
    if (value === undefined || value === null) return this.#intern(parts, own, children)
    const pruned = cloneJson(value) as Json
    if (typeof pruned === 'object' && pruned !== null) pruneUnknownFields(pruned, createSchemaNode(parts))
    return this.#intern({ ...parts, default: pruned }, { ...own, default: pruned }, children)
  }

  #children(schema: JsonObject, depth: number): Children {
    const child = (value: unknown) =>
      isJsonObject(value) ? this.#compile(value, depth + 1, isEmbedded(value)) : undefined
    const list = (value: unknown) =>
      Array.isArray(value) && value.length > 0 ? value.flatMap((item) => child(item) ?? []) : undefined
    const additional = ownField(schema, 'additionalProperties')
    return {
      properties: this.#properties(ownField(schema, 'properties'), depth),
      additionalProperties: additional === true ? emptyNode : child(additional),
      items: child(ownField(schema, 'items')),
      allOf: list(withoutIntOrString(ownField(schema, 'allOf'))),
      anyOf: isIntOrString(ownField(schema, 'anyOf')) ? undefined : list(ownField(schema, 'anyOf')),
      oneOf: list(ownField(schema, 'oneOf')),
      not: child(ownField(schema, 'not')),
    }
  }

  #properties(value: unknown, depth: number): ReadonlyMap<string, SchemaNode> | undefined {
    if (!isJsonObject(value)) return undefined
    const properties = new Map<string, SchemaNode>()
    for (const [name, field] of Object.entries(value)) {
      if (isJsonObject(field)) properties.set(name, this.#compile(field, depth + 2, isEmbedded(field)))
    }
    return properties.size > 0 ? properties : undefined
  }

  #intern(parts: Parameters<typeof createSchemaNode>[0], own: object, children: Children): SchemaNode {
    const ids = this.#childIds(children)
    const key = `${JSON.stringify([parts.type, own], bigintAsText)}${ids}`
    const table = ids === '' && key.length < 200 ? sharedLeaves : this.#nodes
    let node = table.get(key)
    if (!node) table.set(key, (node = createSchemaNode(parts)))
    return node
  }

  #childIds(children: Children): string {
    let ids = ''
    for (const [name, child] of Object.entries(children) as [string, Children[keyof Children]][]) {
      if (child instanceof Map) for (const [field, node] of child) ids += `|${JSON.stringify(field)}${this.#id(node)}`
      else if (Array.isArray(child)) ids += `|${name}${child.map((node: SchemaNode) => this.#id(node)).join()}`
      else if (child) ids += `|${name}${this.#id(child as SchemaNode)}`
    }
    return ids
  }

  #id(node: SchemaNode): number {
    let id = this.#ids.get(node)
    if (id === undefined) this.#ids.set(node, (id = this.#ids.size))
    return id
  }
}

interface Children {
  properties: ReadonlyMap<string, SchemaNode> | undefined
  additionalProperties: SchemaNode | undefined
  items: SchemaNode | undefined
  allOf: readonly SchemaNode[] | undefined
  anyOf: readonly SchemaNode[] | undefined
  oneOf: readonly SchemaNode[] | undefined
  not: SchemaNode | undefined
}

function bigintAsText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value
}

function isEmbedded(schema: JsonObject): boolean {
  return ownField(schema, 'x-kubernetes-embedded-resource') === true
}

const types: ReadonlySet<unknown> = new Set(['object', 'array', 'string', 'integer', 'number', 'boolean'])

function typeOf(schema: JsonObject): SchemaNode['type'] {
  if (ownField(schema, 'x-kubernetes-int-or-string') === true) return 'int-or-string'
  const type = ownField(schema, 'type')
  return types.has(type) ? (type as SchemaNode['type']) : 'any'
}

/** The two forms in which a schema may say again that a value is an integer or a string. */
export function isIntOrString(anyOf: unknown): boolean {
  const [first, second, ...more] = Array.isArray(anyOf) ? (anyOf as unknown[]) : []
  return more.length === 0 && isTypeOnly(first, 'integer') && isTypeOnly(second, 'string')
}

function isTypeOnly(schema: unknown, type: string): boolean {
  return isJsonObject(schema) && Object.keys(schema).length === 1 && ownField(schema, 'type') === type
}

function withoutIntOrString(allOf: unknown): unknown {
  if (!Array.isArray(allOf)) return undefined
  const first: unknown = allOf[0]
  const redundant = isJsonObject(first) && Object.keys(first).length === 1 && isIntOrString(ownField(first, 'anyOf'))
  return redundant ? allOf.slice(1) : allOf
}

const stringNode = createSchemaNode({ type: 'string' })

/** Fields that every object has, also where the schema does not mention them. */
function withObjectFields(properties: ReadonlyMap<string, SchemaNode> = new Map()): ReadonlyMap<string, SchemaNode> {
  const all = new Map<string, SchemaNode>([['apiVersion', stringNode], ['kind', stringNode], ...properties])
  return all.set('metadata', metadataNode(properties.get('metadata')?.properties))
}

/** ObjectMeta as in every object; a schema may restrict `name` and `generateName` further. */
function metadataNode(restrictions: ReadonlyMap<string, SchemaNode> | undefined): SchemaNode {
  const base = objectMetaSchema()
  const properties = new Map(base.properties)
  for (const name of ['name', 'generateName']) {
    const restricted = restrictions?.get(name)
    if (restricted) properties.set(name, restricted)
  }
  return restrictions ? createSchemaNode({ ...base, properties }) : base
}

/** The parts of a schema that are values. */
function ownParts(schema: JsonObject, type: SchemaNode['type']) {
  const format = text(schema, 'format')
  return {
    nullable: flag(schema, 'nullable'),
    required: texts(schema, 'required'),
    preserveUnknownFields: flag(schema, 'x-kubernetes-preserve-unknown-fields'),
    embeddedResource: flag(schema, 'x-kubernetes-embedded-resource'),
    listType: text(schema, 'x-kubernetes-list-type') as SchemaNode['listType'],
    listMapKeys: texts(schema, 'x-kubernetes-list-map-keys'),
    mapType: text(schema, 'x-kubernetes-map-type') as SchemaNode['mapType'],
    format:
      format !== undefined && isKnownFormat(type === 'any' || type === 'int-or-string' ? undefined : type, format)
        ? format
        : undefined,
    enum: values(schema, 'enum'),
    pattern: text(schema, 'pattern'),
    minimum: number(schema, 'minimum'),
    maximum: number(schema, 'maximum'),
    exclusiveMinimum: flag(schema, 'exclusiveMinimum'),
    exclusiveMaximum: flag(schema, 'exclusiveMaximum'),
    multipleOf: number(schema, 'multipleOf'),
    minLength: number(schema, 'minLength'),
    maxLength: number(schema, 'maxLength'),
    minItems: number(schema, 'minItems'),
    maxItems: number(schema, 'maxItems'),
    uniqueItems: flag(schema, 'uniqueItems'),
    minProperties: number(schema, 'minProperties'),
    maxProperties: number(schema, 'maxProperties'),
    validations: values(schema, 'x-kubernetes-validations')?.filter(isJsonObject),
  }
}

function flag(schema: JsonObject, name: string): true | undefined {
  return ownField(schema, name) === true ? true : undefined
}

function text(schema: JsonObject, name: string): string | undefined {
  const value = ownField(schema, name)
  return typeof value === 'string' && value !== '' ? value : undefined
}

function number(schema: JsonObject, name: string): number | undefined {
  const value = ownField(schema, name)
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined
}

function values(schema: JsonObject, name: string): readonly Json[] | undefined {
  const value = ownField(schema, name)
  return Array.isArray(value) && value.length > 0 ? (value as Json[]) : undefined
}

function texts(schema: JsonObject, name: string): readonly string[] | undefined {
  return values(schema, name)?.filter((item) => typeof item === 'string')
}
