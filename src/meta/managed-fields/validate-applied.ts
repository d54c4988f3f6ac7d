import { goQuote } from '../field-error.ts'
import type { Json, JsonObject } from '../object.ts'
import { formatGoType, formatGoValue } from '../patch/go-format.ts'
import { isJsonObject } from '../patch/json-value.ts'
import type { SchemaNode } from '../schema.ts'
import { fieldElement, formatElement } from './path-element.ts'
import { asWholeObject, deducedSchema, fieldSchema, isAtomicList, isNamedField } from './typed-schema.ts'
import { itemElement, itemSchema, shapeOf } from './typed-schema.ts'

/**
 * What keeps an applied configuration from being merged: unknown fields, wrong types, items without or with equal keys.
 * `.spec.ports: duplicate entries for key [port=80,protocol="TCP"]`, in upstream's words; empty when all is well.
 */
export function validateApplied(applied: JsonObject, schema: SchemaNode): string[] {
  const problems: string[] = []
  const root = asWholeObject(schema)
  validateValue({ schema: root, value: applied, path: '', keepsUnknown: false, problems })
  return problems
}

/** One text of one or several problems. */
export function describeProblems(problems: readonly string[]): string {
  return problems.length === 1
    ? (problems[0] ?? '')
    : ['errors:', ...problems.map((problem) => `  ${problem}`)].join('\n')
}

interface Visit {
  readonly schema: SchemaNode
  readonly value: Json
  readonly path: string
  /** x-kubernetes-preserve-unknown-fields holds for everything below. */
  readonly keepsUnknown: boolean
  readonly problems: string[]
}

function validateValue(visit: Visit): void {
  const { schema, value } = visit
  if (value === null) return
  switch (shapeOf(schema, value)) {
    case 'map':
      return isJsonObject(value)
        ? validateMap(visit, value)
        : report(visit, `expected map, got &{${formatGoValue(value)}}`)
    case 'list':
      return Array.isArray(value)
        ? validateList(visit, value)
        : report(visit, `expected list, got &{${formatGoValue(value)}}`)
    default:
      return validateScalar(visit)
  }
}

function report({ path, problems }: Visit, problem: string): void {
  problems.push(path === '' ? problem : `${path}: ${problem}`)
}

function validateMap(visit: Visit, map: JsonObject): void {
  const { schema, path, problems } = visit
  const keepsUnknown = visit.keepsUnknown || schema.preserveUnknownFields === true
  const takesAll = keepsUnknown || schema.type === 'any' || (schema.properties?.size ?? 0) === 0
  for (const key of Object.keys(map)) {
    const value = map[key]
    if (value === undefined) continue
    const below = path + formatElement(fieldElement(key))
    if (isNamedField(schema, key) || schema.additionalProperties) {
      validateValue({ schema: fieldSchema(schema, key), value, path: below, keepsUnknown, problems })
    } else if (takesAll) {
      validateValue({ schema: deducedSchema, value, path: below, keepsUnknown, problems })
    } else {
      problems.push(`${below}: field not declared in schema`)
      return
    }
  }
}

function validateList(visit: Visit, list: readonly Json[]): void {
  const { schema, path, problems } = visit
  const keepsUnknown = visit.keepsUnknown || schema.preserveUnknownFields === true
  const below = itemSchema(schema)
  const seen = new Set<string>()
  for (const [index, item] of list.entries()) {
    let element = `i:${index}`
    if (!isAtomicList(schema) && schema.type !== 'any') {
      const found = itemElement(schema, item)
      if (typeof found !== 'string') return report(visit, `element ${index}: ${found.problem}`)
      if (seen.has(found)) report(visit, `duplicate entries for key ${formatElement(found)}`)
      seen.add(found)
      element = found
    }
    validateValue({ schema: below, value: item, path: path + formatElement(element), keepsUnknown, problems })
  }
}

function validateScalar(visit: Visit): void {
  const { schema, value } = visit
  const isScalar = typeof value !== 'object'
  switch (schema.type) {
    case 'integer':
    case 'number':
      if (typeof value === 'number' || typeof value === 'bigint') return
      return report(visit, `expected numeric (int or float), got ${formatGoType(value)}`)
    case 'boolean':
      return typeof value === 'boolean' ? undefined : report(visit, `expected boolean, got &{${formatGoValue(value)}}`)
    case 'string':
      if (typeof value === 'string') return
      // Other formats (date-time, quantity …) are untyped to upstream.
      if (schema.format === undefined || schema.format === 'byte') {
        return report(visit, `expected string, got &value.valueUnstructured{Value:${formatGoSyntax(value)}}`)
      }
      return isScalar ? undefined : report(visit, `expected any scalar, got &{${formatGoValue(value)}}`)
    default:
      return isScalar ? undefined : report(visit, `expected any scalar, got &{${formatGoValue(value)}}`)
  }
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
