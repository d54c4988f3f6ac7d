import type { JsonObject } from '../../meta/object.ts'
import { isJsonObject, ownField } from '../schema/json-value.ts'
import type { CrdSpec } from './crd-object.ts'

/** Whether the test holds for any schema in any version of the CRD, nested ones included. */
export function someSchemaNode(spec: CrdSpec, test: (schema: JsonObject) => boolean): boolean {
  return spec.versions.some(
    ({ schema }) => schema?.openAPIV3Schema !== undefined && someNode(schema.openAPIV3Schema, test),
  )
}

const maps = ['properties', 'definitions', 'patternProperties']
const children = ['items', 'additionalProperties', 'allOf', 'anyOf', 'oneOf', 'not']

/** Whether the test holds for a schema or any schema within it. */
export function someNode(root: JsonObject, test: (schema: JsonObject) => boolean): boolean {
  const pending: unknown[] = [root]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (Array.isArray(next)) pending.push(...(next as unknown[]))
    if (!isJsonObject(next)) continue
    if (test(next)) return true
    for (const name of maps) {
      const map = ownField(next, name)
      if (isJsonObject(map)) pending.push(...Object.values(map))
    }
    for (const name of children) {
      const child = ownField(next, name)
      if (typeof child === 'object' && child !== null) pending.push(child)
    }
  }
  return false
}
