import { goQuote } from '../field-error.ts'
import type { Json, JsonObject } from '../object.ts'
import { formatGoType, formatGoValue } from '../patch/go-format.ts'
import { isEmptyObject, isJsonObject } from '../patch/json-value.ts'
import type { SchemaNode } from '../schema.ts'
import { asMember, sortedKeys } from './collect-fields.ts'
import { type FieldSet, inOrder, isEmptySet, nothing } from './field-set.ts'
import { fieldElement, formatElement, formatPath } from './path-element.ts'
import { asWholeObject, fieldSchema, isAtomicList, isAtomicMap, isNamedField } from './typed-schema.ts'
import { itemElement, itemSchema, shapeOf } from './typed-schema.ts'

type Draft = { [element: string]: FieldSet }

export interface AppliedFields {
  /**
   * The fields that the configuration speaks about: every leaf, every list item and every key of a map, but not the named
   * fields that only lead there.
   */
  readonly fields: FieldSet
  /**
   * What keeps it from being merged: unknown fields, wrong types, items without or with equal keys, in upstream's words:
   * `.spec.ports: duplicate entries for key [port=80,protocol="TCP"]`.
   */
  readonly problems: readonly string[]
}

/** Reads an applied configuration in one walk. */
export function readApplied(applied: JsonObject, schema: SchemaNode): AppliedFields {
  const reader = new Reader()
  const fields = reader.read(asWholeObject(schema), applied, false) ?? nothing
  return { fields, problems: reader.problems }
}

/** The fields of an object that need not be perfect. */
export function fieldSetOf(object: JsonObject, schema: SchemaNode): FieldSet {
  return readApplied(object, schema).fields
}

/** One text of one or several problems. */
export function describeProblems(problems: readonly string[]): string {
  return problems.length === 1
    ? (problems[0] ?? '')
    : ['errors:', ...problems.map((problem) => `  ${problem}`)].join('\n')
}

/** Where a walk is, and what it has found wrong. */
class Reader {
  readonly problems: string[] = []
  readonly #path: string[] = []

  /**
   * The fields of a value: `nothing` = the value itself; undefined = it is none and has none below it. `keepsUnknown`:
   * x-kubernetes-preserve-unknown-fields holds for everything below.
   */
  read(schema: SchemaNode, value: Json, keepsUnknown: boolean): FieldSet | undefined {
    switch (shapeOf(schema, value)) {
      case 'map':
        return this.#readMap(schema, value, keepsUnknown || schema.preserveUnknownFields === true)
      case 'list':
        return this.#readList(schema, value, keepsUnknown || schema.preserveUnknownFields === true)
      default: {
        const problem = problemOfScalar(schema, value)
        if (problem !== undefined) this.#report(problem)
        return nothing
      }
    }
  }

  #readMap(schema: SchemaNode, value: Json, keepsUnknown: boolean): FieldSet | undefined {
    const atomic = isAtomicMap(schema)
    if (!isJsonObject(value)) {
      if (value !== null) this.#report(`expected map, got &{${formatGoValue(value)}}`)
      return atomic ? nothing : undefined
    }
    const takesAll = keepsUnknown || schema.type === 'any' || (schema.properties?.size ?? 0) === 0
    const result: Draft = {}
    for (const key of sortedKeys(value)) {
      const member = value[key]
      if (member === undefined) continue
      const element = fieldElement(key)
      this.#path.push(element)
      const known = takesAll || isNamedField(schema, key) || schema.additionalProperties !== undefined
      if (!known) this.#report('field not declared in schema')
      const node = this.#readMember(schema, key, member, keepsUnknown)
      this.#path.pop()
      if (node) result[element] = node
      // Upstream stops here, too.
      if (!known) break
    }
    if (atomic) return nothing
    return isEmptySet(result) ? undefined : result
  }

  #readMember(schema: SchemaNode, key: string, value: Json, keepsUnknown: boolean): FieldSet | undefined {
    const below = this.read(fieldSchema(schema, key), value, keepsUnknown)
    const isOwnField = !isNamedField(schema, key) || value === null || (isJsonObject(value) && isEmptyObject(value))
    return isOwnField ? asMember(below) : below
  }

  #readList(schema: SchemaNode, value: Json, keepsUnknown: boolean): FieldSet | undefined {
    const atomic = isAtomicList(schema)
    if (!Array.isArray(value)) {
      if (value !== null) this.#report(`expected list, got &{${formatGoValue(value)}}`)
      return atomic ? nothing : undefined
    }
    const below = itemSchema(schema)
    if (atomic) {
      for (const [index, item] of value.entries()) this.#readAt(`i:${index}`, below, item, keepsUnknown)
      return nothing
    }
    const result: Draft = {}
    for (const [index, item] of value.entries()) {
      const element = itemElement(schema, item)
      if (typeof element !== 'string') {
        this.#report(`element ${index}: ${element.problem}`)
        break
      }
      const present = result[element]
      if (present) this.#report(`duplicate entries for key ${formatElement(element)}`)
      const node = asMember(this.#readAt(element, below, item, keepsUnknown))
      // Of an item that is there twice, nobody knows which one is meant: only its element is a field.
      result[element] = present ? nothing : node
    }
    return isEmptySet(result) ? undefined : inOrder(result)
  }

  #readAt(element: string, schema: SchemaNode, value: Json, keepsUnknown: boolean): FieldSet | undefined {
    this.#path.push(element)
    const fields = this.read(schema, value, keepsUnknown)
    this.#path.pop()
    return fields
  }

  #report(problem: string): void {
    const path = formatPath(this.#path)
    this.problems.push(path === '' ? problem : `${path}: ${problem}`)
  }
}

/** undefined when all is well. */
function problemOfScalar(schema: SchemaNode, value: Json): string | undefined {
  if (value === null) return undefined
  switch (schema.type) {
    case 'integer':
    case 'number':
      if (typeof value === 'number' || typeof value === 'bigint') return undefined
      return `expected numeric (int or float), got ${formatGoType(value)}`
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `expected boolean, got &{${formatGoValue(value)}}`
    case 'string':
      if (typeof value === 'string') return undefined
      // Other formats (date-time, quantity …) are untyped to upstream.
      if (schema.format === undefined || schema.format === 'byte') {
        return `expected string, got &value.valueUnstructured{Value:${formatGoSyntax(value)}}`
      }
      break
    default:
  }
  return typeof value === 'object' ? `expected any scalar, got &{${formatGoValue(value)}}` : undefined
}

/** Go's %#v of decoded JSON. */
function formatGoSyntax(value: Json): string {
  if (typeof value === 'string') return goQuote(value)
  if (value === null) return 'interface {}(nil)'
  if (Array.isArray(value)) return `[]interface {}{${value.map(formatGoSyntax).join(', ')}}`
  if (!isJsonObject(value)) return String(value)
  const members = Object.keys(value)
    .sort()
    .map((key) => `${goQuote(key)}:${formatGoSyntax(value[key] ?? null)}`)
  return `map[string]interface {}{${members.join(', ')}}`
}
