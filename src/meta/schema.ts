import type { Json, JsonObject } from './object.ts'

/**
 * One node of a compiled schema: of a built-in kind (made from the facts table) or of a custom resource (made from its
 * structural schema). The same node serves validation, pruning, defaulting, strategic merge and server-side apply.
 * Nodes are immutable and shared, between kinds and between workspaces (by content hash); a node may reach itself
 * (JSONSchemaProps), so walkers follow the document, never the schema.
 */
export interface SchemaNode {
  /** `any` takes every JSON value (RawExtension, JSON, preserve-unknown without a type). `int-or-string` is its own type. */
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'int-or-string' | 'any'
  readonly nullable?: boolean
  /** Named fields of an object. A Map, so that `__proto__` is a name like others. */
  readonly properties?: ReadonlyMap<string, SchemaNode>
  /** Values of the fields that `properties` does not name: the object is a map. */
  readonly additionalProperties?: SchemaNode
  readonly items?: SchemaNode
  readonly required?: readonly string[]
  readonly default?: Json
  /** Unknown fields are kept (x-kubernetes-preserve-unknown-fields). */
  readonly preserveUnknownFields?: boolean
  /** The node is a whole object with apiVersion, kind and metadata (x-kubernetes-embedded-resource). */
  readonly embeddedResource?: boolean

  /** How server-side apply sees an array; absent = atomic. */
  readonly listType?: 'atomic' | 'set' | 'map'
  readonly listMapKeys?: readonly string[]
  /** How server-side apply sees an object; absent = granular. */
  readonly mapType?: 'granular' | 'atomic'

  /** Strategic merge patch, built-ins only. */
  readonly patchStrategies?: readonly ('merge' | 'replace' | 'retainKeys')[]
  readonly patchMergeKey?: string

  /** `int32`, `int64`, `date-time`, `byte`, `quantity` … */
  readonly format?: string
  readonly enum?: readonly Json[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: boolean
  readonly exclusiveMaximum?: boolean
  readonly multipleOf?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly uniqueItems?: boolean
  readonly minProperties?: number
  readonly maxProperties?: number
  readonly allOf?: readonly SchemaNode[]
  readonly anyOf?: readonly SchemaNode[]
  readonly oneOf?: readonly SchemaNode[]
  readonly not?: SchemaNode
  /** x-kubernetes-validations as written; stored and published. */
  readonly validations?: readonly JsonObject[]
}
