/** The part of an OpenAPI 3.0 schema that is written here. https://spec.openapis.org/oas/v3.0.3#schema-object */
export interface OpenApiSchema {
  [keyword: string]: unknown
}

export interface Reference extends OpenApiSchema {
  $ref: string
}

const prefix = '#/components/schemas/'

export function refTo(definition: string): Reference {
  return { $ref: prefix + definition }
}

/** The definitions that a part of a document refers to. */
export function* referencesIn(value: unknown): Iterable<string> {
  if (Array.isArray(value)) for (const item of value as unknown[]) yield* referencesIn(item)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return
  for (const [key, item] of Object.entries(value)) {
    if (key === '$ref' && typeof item === 'string' && item.startsWith(prefix)) yield item.slice(prefix.length)
    else yield* referencesIn(item)
  }
}
