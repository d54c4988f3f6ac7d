import {
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  fieldTooLong,
  fieldTooMany,
  fieldTypeInvalid,
  goQuote,
  type FieldError,
} from '../../meta/field-error.ts'
import type { Json } from '../../meta/object.ts'
import { trailToField, trailToPath, type Trail } from './field-trail.ts'
import { formatGoFloat } from './go-format.ts'

/**
 * Something wrong with a document, before anybody wants to read it: branches of `oneOf` and `anyOf` fail all the time.
 * `describe` gets the field's path from the schema's root (the sentence names it) and from the object's root.
 */
export interface SchemaProblem {
  readonly trail: Trail
  readonly source: ProblemSource
  readonly describe: (name: string, field: string) => FieldError
}

/** The rules of the schema itself, of embedded objects, of sets and maps: reported in this order. */
export type ProblemSource = 'schema' | 'embedded' | 'list'

const sources: readonly ProblemSource[] = ['schema', 'embedded', 'list']

/** What upstream's errors about no field in particular say instead of a path. */
const noField = '<nil>'

/** More than this nobody reads, and a hostile document can have a million. */
const maxErrors = 1_000

export function toFieldErrors(problems: readonly SchemaProblem[], prefix: string): readonly FieldError[] {
  const ordered = sources.flatMap((source) => problems.filter((problem) => problem.source === source))
  return ordered.slice(0, maxErrors).map((problem) => toFieldError(problem, prefix))
}

function toFieldError({ trail, source, describe }: SchemaProblem, prefix: string): FieldError {
  const name = trailToPath(trail)
  return describe(name, source === 'schema' ? joinFields(prefix, name) : trailToField(trail, prefix))
}

function joinFields(prefix: string, name: string): string {
  if (prefix === '') return name === '' ? noField : name
  return name === '' ? prefix : `${prefix}.${name}`
}

type Describe = SchemaProblem['describe']

/** `actual` is the type found, or the text that does not match a format. */
export function wrongType(expected: string, actual: string): Describe {
  return (name, field) =>
    fieldTypeInvalid(field, actual, `${name} in body must be of type ${expected}: ${goQuote(actual)}`)
}

export function missing(): Describe {
  return (_, field) => fieldRequired(field)
}

export function notInEnum(value: unknown, allowed: readonly Json[]): Describe {
  return (_, field) => fieldNotSupported(field, value, allowed.map(enumText))
}

function enumText(value: Json): string {
  if (typeof value === 'string') return value
  return JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? item.toString() : item))
}

export function tooLong(maxLength: number): Describe {
  return (_, field) => fieldTooLong(field, maxLength)
}

export function tooMany(actual: number, max: number): Describe {
  return (_, field) => fieldTooMany(field, actual, max)
}

/** `<name> in body <rule>` with the value that breaks it. */
export function breaksRule(value: unknown, rule: string): Describe {
  return (name, field) => numberAware(field, value, `${name} in body ${rule}`)
}

/** Errors of combined schemas have no field; they name it in the sentence. */
export function breaksCombination(rule: string): Describe {
  return (name, field) => fieldInvalid(prefixOf(name, field), '', `${goQuote(name)} must ${rule}`)
}

export function outOfRange(what: string, type: string, format: string): Describe {
  const form = format === '' ? '(default format)' : `with format ${format}`
  return (name, field) =>
    fieldInvalid(prefixOf(name, field), '', `${what} value must be of type ${type} ${form} in ${name}`)
}

export function factorNotPositive(factor: number): Describe {
  const text = formatGoNumber(factor)
  return (name, field) =>
    fieldInvalid(field, factor, `factor MultipleOf declared for ${name} must be positive: ${text}`)
}

export function formatGoNumber(value: number | bigint): string {
  return typeof value === 'bigint' || Number.isSafeInteger(value) ? value.toString() : formatGoFloat(value)
}

function numberAware(field: string, value: unknown, detail: string): FieldError {
  if (typeof value !== 'number' && typeof value !== 'bigint') return fieldInvalid(field, value, detail)
  return { reason: 'FieldValueInvalid', field, message: `Invalid value: ${formatGoNumber(value)}: ${detail}` }
}

function prefixOf(name: string, field: string): string {
  const prefix = field.slice(0, field.length - name.length)
  return prefix.endsWith('.') ? prefix.slice(0, -1) : prefix || noField
}
