import { readFileSync } from 'node:fs'
import type { SchemaNode } from '../../meta/schema.ts'
import { definitionNameOfNode } from './builtin-schemas.ts'
import { ownField } from './json-value.ts'

/** What decoding errors say about the Go side of a definition's fields. */
interface GoFacts {
  /** Types that the schema does not tell: `v1.PullPolicy`. */
  readonly types?: Readonly<Record<string, string>>
  /** Embedded structs on the way to a field: `ProbeHandler`. */
  readonly embedded?: Readonly<Record<string, string>>
}

let facts: Readonly<Record<string, GoFacts>> | undefined

/** Read when the first decoding error is reported. */
function factsOf(definition: string): GoFacts {
  facts ??= JSON.parse(readFileSync(new URL('./data/go-types.json', import.meta.url), 'utf8')) as typeof facts
  return (ownField(facts ?? {}, definition) as GoFacts | undefined) ?? {}
}

/** `Container`, for a node made from `io.k8s.api.core.v1.Container`. */
export function goStructName(struct: SchemaNode): string {
  const name = definitionNameOfNode(struct)?.split('.').at(-1) ?? ''
  // What may be a schema or something else is decoded as the schema once it turns out to be one.
  return name.replace(/^(JSONSchemaProps)Or[A-Za-z]+$/, '$1')
}

/** The field as error texts write it: `ProbeHandler.httpGet`. */
export function goFieldName(struct: SchemaNode, field: string): string {
  const through = ownField(factsOf(definitionNameOfNode(struct) ?? '').embedded ?? {}, field)
  return typeof through === 'string' ? `${through}.${field}` : field
}

/** The Go type of a field of a struct: `[]v1.Container`, `int32`. */
export function goFieldType(struct: SchemaNode, field: string, node: SchemaNode): string {
  const known = ownField(factsOf(definitionNameOfNode(struct) ?? '').types ?? {}, field)
  return typeof known === 'string' ? known : goTypeOf(node)
}

/** The Go type that a schema suggests. */
export function goTypeOf(node: SchemaNode): string {
  const definition = definitionNameOfNode(node)
  if (definition !== undefined && node.type !== 'string' && node.type !== 'int-or-string') {
    return definition.split('.').slice(-2).join('.')
  }
  switch (node.type) {
    case 'array':
      return `[]${node.items ? goTypeOf(node.items) : 'interface {}'}`
    case 'object':
      return `map[string]${node.additionalProperties ? goTypeOf(node.additionalProperties) : 'interface {}'}`
    case 'integer':
      return node.format === 'int64' ? 'int64' : 'int32'
    case 'int-or-string':
      return 'int32'
    case 'number':
      return 'float64'
    case 'boolean':
      return 'bool'
    default:
      return node.format === 'byte' ? '[]uint8' : 'string'
  }
}
