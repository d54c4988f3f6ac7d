import type { SchemaNode } from '../../meta/schema.ts'

type Parts = { -readonly [Key in keyof SchemaNode]?: SchemaNode[Key] | undefined }

/**
 * A node in one of two object shapes, so that the walkers' property reads stay fast: most nodes have structure only,
 * few have value constraints. Absent parts are undefined, never null.
 */
export function createSchemaNode(parts: Parts & { type: SchemaNode['type'] }): SchemaNode {
  return (hasConstraints(parts) ? { ...structure(parts), ...constraints(parts) } : structure(parts)) as SchemaNode
}

function structure(parts: Parts): Parts {
  return {
    type: parts.type,
    nullable: parts.nullable,
    properties: parts.properties,
    additionalProperties: parts.additionalProperties,
    items: parts.items,
    required: parts.required,
    default: parts.default,
    preserveUnknownFields: parts.preserveUnknownFields,
    embeddedResource: parts.embeddedResource,
    listType: parts.listType,
    listMapKeys: parts.listMapKeys,
    mapType: parts.mapType,
    patchStrategies: parts.patchStrategies,
    patchMergeKey: parts.patchMergeKey,
    format: parts.format,
    enum: parts.enum,
  }
}

function constraints(parts: Parts): Parts {
  return {
    pattern: parts.pattern,
    minimum: parts.minimum,
    maximum: parts.maximum,
    exclusiveMinimum: parts.exclusiveMinimum,
    exclusiveMaximum: parts.exclusiveMaximum,
    multipleOf: parts.multipleOf,
    minLength: parts.minLength,
    maxLength: parts.maxLength,
    minItems: parts.minItems,
    maxItems: parts.maxItems,
    uniqueItems: parts.uniqueItems,
    minProperties: parts.minProperties,
    maxProperties: parts.maxProperties,
    allOf: parts.allOf,
    anyOf: parts.anyOf,
    oneOf: parts.oneOf,
    not: parts.not,
    validations: parts.validations,
  }
}

const constraintNames = Object.keys(constraints({})) as (keyof Parts)[]

function hasConstraints(parts: Parts): boolean {
  return constraintNames.some((name) => parts[name] !== undefined)
}

/** Takes everything and keeps it: what stands in for a schema where there is none. */
export const anyNode = createSchemaNode({ type: 'any', nullable: true, preserveUnknownFields: true })

/** Knows no field: what is below a place without a schema in a pruning schema. */
export const emptyNode = createSchemaNode({ type: 'any', nullable: true })

/**
 * How deep a document may nest where a schema is applied to it. Walkers recurse along the document, so this bounds the
 * stack; what clients write in earnest stays below a hundred.
 */
export const maxDocumentDepth = 512
