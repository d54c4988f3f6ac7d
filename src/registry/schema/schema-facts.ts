import { readFileSync } from 'node:fs'
import type { Json } from '../../meta/object.ts'

/** One schema of the generated facts: OpenAPI with the name of the definition in `$ref`. */
export interface SchemaFacts {
  readonly $ref?: string
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean'
  readonly format?: string
  readonly default?: Json
  readonly enum?: readonly Json[]
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, SchemaFacts>>
  readonly additionalProperties?: SchemaFacts
  readonly items?: SchemaFacts
  readonly oneOf?: readonly SchemaFacts[]
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map'
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
  readonly 'x-kubernetes-map-type'?: 'granular' | 'atomic'
  readonly 'x-kubernetes-patch-strategy'?: string
  readonly 'x-kubernetes-patch-merge-key'?: string
  readonly 'x-kubernetes-group-version-kind'?: readonly { group: string; version: string; kind: string }[]
  readonly 'x-kubernetes-unions'?: readonly Json[]
  /** How OpenAPI v2 says it, where v3 uses oneOf. */
  readonly 'x-kubernetes-v2-schema'?: SchemaFacts
}

interface Facts {
  readonly definitions: ReadonlyMap<string, SchemaFacts>
  /** `group/version/kind` → definition. */
  readonly names: ReadonlyMap<string, string>
}

let loaded: Facts | undefined

/** Read at first use: 0.3 MB of JSON that a hub without requests never needs. */
function facts(): Facts {
  return (loaded ??= load())
}

function load(): Facts {
  const text = readFileSync(new URL('./data/schema-facts.json', import.meta.url), 'utf8')
  const definitions = new Map(Object.entries(JSON.parse(text) as Record<string, SchemaFacts>))
  const names = new Map<string, string>()
  for (const [name, definition] of definitions) {
    for (const { group, version, kind } of definition['x-kubernetes-group-version-kind'] ?? []) {
      names.set(`${group}/${version}/${kind}`, name)
    }
  }
  return { definitions, names }
}

/** The facts of a definition such as `io.k8s.api.apps.v1.Deployment`. */
export function definitionFacts(name: string): SchemaFacts | undefined {
  return facts().definitions.get(name)
}

/** The definition of a kind; undefined when the API server publishes none. */
export function definitionNameOf(group: string, version: string, kind: string): string | undefined {
  return facts().names.get(`${group}/${version}/${kind}`)
}

export const objectMetaDefinition = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'
