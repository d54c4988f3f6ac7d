import type { JsonObject } from '../../meta/object.ts'
import { isJsonObject, ownField } from '../schema/json-value.ts'

/** The schema that a path such as `.spec.color` or `.labels['a.b']` leads to, or why it leads nowhere. */
export type FieldPathResult = { readonly schema: JsonObject; readonly path: string } | { readonly problem: string }

const nowhere = 'does not refer to a valid field'

export function findFieldPath(path: string, schema: JsonObject, allowBrackets: boolean): FieldPathResult {
  const tokens = path.match(/'(?:[^'\\]|\\.)*'|[.[\]]|[^.[\]']+|'/gs) ?? []
  let current = schema
  let steps = ''
  for (let index = 0; index < tokens.length;) {
    const token = tokens[index] ?? ''
    if (token !== '.' && token !== '[') return { problem: `expected [ or . but got: ${token}` }
    if (token === '[' && !allowBrackets) return { problem: 'array notation is not allowed' }
    const next = tokens[index + 1]
    if (next === undefined) return { problem: 'unexpected end of JSON path' }
    const name = token === '[' ? unquote(next) : next
    if (name === undefined) return { problem: `expected single quoted string but got ${next}` }
    const child = step(current, name)
    if (!child) return { problem: nowhere }
    current = child
    steps += `.${name}`
    index += 2
    if (token !== '[') continue
    if (tokens[index] === undefined) return { problem: 'unexpected end of JSON path' }
    if (tokens[index] !== ']') return { problem: `expected ] but got ${tokens[index] ?? ''}` }
    index++
  }
  return { schema: current, path: steps }
}

function unquote(token: string): string | undefined {
  if (token.length < 2 || !token.startsWith("'") || !token.endsWith("'")) return undefined
  return token.slice(1, -1).replace(/\\(.)/gs, '$1')
}

function step(schema: JsonObject, name: string): JsonObject | undefined {
  const properties = ownField(schema, 'properties')
  const child = isJsonObject(properties) ? ownField(properties, name) : ownField(schema, 'additionalProperties')
  return isJsonObject(child) ? child : undefined
}
