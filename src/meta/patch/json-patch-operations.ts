import type { Json, JsonObject } from '../object.ts'
import { getOwn, isJsonObject } from './json-value.ts'
import { jsonTypeName } from './go-format.ts'
import { oversizedPatch, undecodablePatch } from './patch-errors.ts'

/** One step as the client wrote it. Whether its fields make sense is decided when it is applied, as upstream does. */
export interface JsonPatchOperation {
  /** `unknown` when absent or no string. */
  readonly op: string
  readonly path: string | undefined
  readonly from: string | undefined
  /** Absent reads as null. */
  readonly value: Json
  readonly hasValue: boolean
}

export interface DecodedJsonPatch {
  readonly operations: readonly JsonPatchOperation[]
  /** Unknown fields, for `fieldValidation`: a warning each with Warn, an error with Strict. */
  readonly strictErrors: readonly string[]
}

const maxOperations = 10_000
const fieldNames = new Set(['op', 'path', 'from', 'value'])

/**
 * Checks the outer form of an RFC 6902 patch. `strict` (fieldValidation Warn or Strict) also checks the types of the
 * fields and names those that nobody reads; without it a wrong type surfaces when its operation is applied.
 */
export function decodeJsonPatch(patch: Json, strict: boolean): DecodedJsonPatch {
  if (patch === null) return { operations: [], strictErrors: [] }
  const into = strict
    ? { prefix: 'error decoding patch: ', list: '[]handlers.jsonPatchOp', item: 'handlers.jsonPatchOp' }
    : { prefix: '', list: 'jsonpatch.Patch', item: 'jsonpatch.Operation' }
  const refuse = (value: Json, where: string) =>
    undecodablePatch(`${into.prefix}json: cannot unmarshal ${jsonTypeName(value)} into Go ${where}`)
  if (!Array.isArray(patch)) throw refuse(patch, `value of type ${into.list}`)

  const strictErrors: string[] = []
  const operations = patch.map((item, index) => {
    if (item === null) return decodeOperation({})
    if (!isJsonObject(item)) throw refuse(item, `value of type ${into.item}`)
    if (strict) {
      for (const key of Object.keys(item)) {
        if (!fieldNames.has(key)) strictErrors.push(`json patch unknown field "[${index}].${key}"`)
      }
      for (const key of ['op', 'path', 'from']) {
        const value = getOwn(item, key) ?? null
        if (value !== null && typeof value !== 'string') {
          throw refuse(value, `struct field jsonPatchOp.${key} of type string`)
        }
      }
    }
    return decodeOperation(item)
  })
  if (operations.length > maxOperations) {
    const count = operations.length
    throw oversizedPatch(`The allowed maximum operations in a JSON patch is ${maxOperations}, got ${count}`)
  }
  return { operations, strictErrors }
}

function decodeOperation(item: JsonObject): JsonPatchOperation {
  const text = (key: string) => {
    const value = getOwn(item, key)
    return typeof value === 'string' ? value : undefined
  }
  const value = getOwn(item, 'value')
  return {
    op: text('op') ?? 'unknown',
    path: text('path'),
    from: text('from'),
    value: value ?? null,
    hasValue: value !== undefined,
  }
}
