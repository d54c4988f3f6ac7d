import type { FieldError } from '../../meta/field-error.ts'
import type { JsonObject } from '../../meta/object.ts'
import type { SchemaNode } from '../../meta/schema.ts'
import { validateEmbeddedObject } from './embedded-object.ts'
import { checkDepth, type Step } from './field-trail.ts'
import { equalJson, isJsonObject, ownField } from './json-value.ts'
import { identityOf, keyOfItem, validateUniqueness } from './list-uniqueness.ts'
import { objectMetaFormat } from './builtin-schemas.ts'
import { matchesFormat } from './schema-formats.ts'
import { matchesPattern } from './schema-pattern.ts'
import * as problem from './schema-problem.ts'
import type { ProblemSource, SchemaProblem } from './schema-problem.ts'
import { isGoInteger, isNearlyInteger, validateNumber } from './validate-number.ts'

export interface ValidateOptions {
  /** Where the document is in its object: `status` when only that is validated; default the root. */
  readonly path?: string
  /**
   * The document before the update. What is wrong but has not changed passes (KEP-4008): fields by name, items of
   * list-type map by their keys, everything else as a whole.
   */
  readonly previous?: unknown
}

const noErrors: readonly FieldError[] = []

/**
 * Checks a document against a schema, in upstream's words: the schema's own rules, then embedded objects, then sets and
 * maps. The metadata of objects is looked at only as far as the schema restricts it. Rules are checked in the order of
 * k8s.io/kube-openapi/pkg/validation/validate, one file because each rule counts towards the choice of the branch that
 * is blamed when a combination fails.
 */
export function validateSchema(
  document: unknown,
  node: SchemaNode,
  options: ValidateOptions = {},
): readonly FieldError[] {
  const problems = findProblems(document, node, undefined)
  if (problems.length === 0) return noErrors
  const { path = '', previous } = options
  const counted = previous === undefined ? problems : ratchet(document, node, previous)
  return problem.toFieldErrors(counted, path)
}

function isAboutLists({ source }: SchemaProblem): boolean {
  return source === 'list'
}

function ratchet(document: unknown, node: SchemaNode, previous: unknown): readonly SchemaProblem[] {
  const problems = findProblems(document, node, previous)
  if (!problems.some(isAboutLists)) return problems
  // An object that had duplicates in any of its sets or maps may have them everywhere.
  const hadDuplicates = findProblems(previous, node, undefined).some(isAboutLists)
  return hadDuplicates ? problems.filter((one) => !isAboutLists(one)) : problems
}

/** The state of one walk. `previous`, `shape` and `depth` belong to the value that is being looked at. */
interface Walk {
  readonly problems: SchemaProblem[]
  /** How many checks have succeeded; the branch of anyOf and oneOf with most of them is the one to blame. */
  matches: number
  /** What the value was before the update; undefined where that cannot be told. */
  previous: unknown
  /** The structural node of the value, also within combinations: it says which items correspond. */
  shape: SchemaNode | undefined
  depth: number
}

function findProblems(document: unknown, node: SchemaNode, previous: unknown): readonly SchemaProblem[] {
  const walk: Walk = { problems: [], matches: 0, previous, shape: node, depth: 0 }
  validate(walk, document, node)
  return walk.problems
}

function validate(walk: Walk, value: unknown, node: SchemaNode): void {
  const start = walk.problems.length
  walk.matches += checkType(walk, value, node)
  if (value === null) checkEnum(walk, value, node)
  else {
    checkCombinations(walk, value, node)
    checkValue(walk, value, node)
    walk.matches += 3
  }
  if (walk.problems.length > start && walk.previous !== undefined && equalJson(value, walk.previous)) {
    forgive(walk.problems, start)
  }
}

/** Drops what the schema's own rules found since `start`; embedded objects are never ratcheted. */
function forgive(problems: SchemaProblem[], start: number): void {
  const kept = problems.slice(start).filter(({ source }) => source !== 'schema')
  problems.length = start
  problems.push(...kept)
}

function checkValue(walk: Walk, value: unknown, node: SchemaNode): void {
  switch (typeof value) {
    case 'string':
      checkString(walk, value, node)
      break
    case 'number':
    case 'bigint':
      if (node.type === 'integer' || node.type === 'number' || hasNumberRules(node)) {
        validateNumber(value, node, (describe) => report(walk, 'schema', describe))
      }
      walk.matches += 2
      break
    case 'object':
      if (Array.isArray(value)) checkArray(walk, value, node)
      break
  }
  checkEnum(walk, value, node)
  if (isJsonObject(value)) checkObject(walk, value, node)
}

function hasNumberRules(node: SchemaNode): boolean {
  return node.minimum !== undefined || node.maximum !== undefined || node.multipleOf !== undefined
}

function report(walk: Walk, source: ProblemSource, describe: SchemaProblem['describe']): void {
  walk.problems.push({ trail: [], source, describe })
}

function addStep(problems: readonly SchemaProblem[], start: number, step: Step): void {
  for (let index = start; index < problems.length; index++) problems[index]?.trail.push(step)
}

// Types

/** How many matches it is worth. */
function checkType(walk: Walk, value: unknown, node: SchemaNode): number {
  const { type, format } = node
  if (type === 'any' && format === undefined) return 0
  if (value === null) {
    if (node.nullable || type === 'any') return 1
    report(walk, 'schema', problem.wrongType(typeText(type), 'null'))
    return 0
  }
  const actual = typeOf(value)
  if (takes(type, actual, value)) return 2
  // A format stands for the type of strings, and lets arrays pass as them: upstream's way.
  const like = actual === 'string' || actual === 'array'
  if (format !== undefined && like && !takesNumbers(type)) return 2
  const describe =
    format !== undefined && !like
      ? problem.wrongType(format, formatOf(actual))
      : problem.wrongType(typeText(type), actual)
  report(walk, 'schema', describe)
  return 1
}

type ValueType = 'string' | 'boolean' | 'integer' | 'number' | 'array' | 'object'

function typeOf(value: unknown): ValueType {
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'boolean'
  if (typeof value === 'number' || typeof value === 'bigint') return isGoInteger(value) ? 'integer' : 'number'
  return Array.isArray(value) ? 'array' : 'object'
}

function takes(type: SchemaNode['type'], actual: ValueType, value: unknown): boolean {
  if (type === actual) return true
  if (type === 'number') return actual === 'integer'
  if (!takesNumbers(type)) return false
  if (type === 'int-or-string' && (actual === 'string' || actual === 'integer')) return true
  return actual === 'number' && isNearlyInteger(Number(value))
}

function takesNumbers(type: SchemaNode['type']): boolean {
  return type === 'integer' || type === 'number' || type === 'int-or-string'
}

function typeText(type: SchemaNode['type']): string {
  return type === 'int-or-string' ? 'integer,string' : type
}

/** The format that upstream derives from a Go value. */
function formatOf(actual: ValueType): string {
  if (actual === 'integer') return 'int64'
  return actual === 'number' ? 'float64' : ''
}

function checkEnum(walk: Walk, value: unknown, node: SchemaNode): void {
  const allowed = node.enum
  if (!allowed || allowed.length === 0) return
  if (value !== null && allowed.some((item) => item === value || equalJson(item, value))) return
  report(walk, 'schema', problem.notInEnum(value, allowed))
}

// Strings

function checkString(walk: Walk, text: string, node: SchemaNode): void {
  const { format } = node
  checkText(walk, text, node)
  walk.matches++
  if (format === undefined) return
  walk.matches++
  if (!matchesFormat(format, text)) report(walk, 'schema', problem.wrongType(format, text))
}

function checkText(walk: Walk, text: string, node: SchemaNode): void {
  const { maxLength, minLength, pattern } = node
  if (maxLength !== undefined && text.length > maxLength && lengthOf(text) > maxLength) {
    report(walk, 'schema', problem.tooLong(maxLength))
  } else if (minLength !== undefined && lengthOf(text) < minLength) {
    report(walk, 'schema', problem.breaksRule(text, `should be at least ${minLength} chars long`))
  } else if (pattern && !matchesPattern(pattern, text)) {
    report(walk, 'schema', problem.breaksRule(text, `should match '${pattern}'`))
  }
}

/** In Unicode code points. */
function lengthOf(text: string): number {
  let pairs = 0
  for (let index = 0; index < text.length - 1; index++) {
    const unit = text.charCodeAt(index)
    if (unit >= 0xd800 && unit <= 0xdbff && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00) pairs++
  }
  return text.length - pairs
}

// Arrays

function checkArray(walk: Walk, items: readonly unknown[], node: SchemaNode): void {
  walk.matches += 2
  if (node.items) checkItems(walk, items, node.items)
  const count = items.length
  if (node.minItems !== undefined && count < node.minItems) {
    report(walk, 'schema', problem.breaksRule(count, `should have at least ${node.minItems} items`))
  }
  if (node.maxItems !== undefined && count > node.maxItems) {
    report(walk, 'schema', problem.tooMany(count, node.maxItems))
  }
  if (node.uniqueItems && new Set(items.map(identityOf)).size < count) {
    report(walk, 'schema', problem.breaksRule('', "shouldn't contain duplicates"))
  }
  if (node.listType === undefined || node.listType === 'atomic') return
  validateUniqueness(items, node, (index, describe) => {
    walk.problems.push({ trail: [index], source: 'list', describe })
  })
}

function checkItems(walk: Walk, items: readonly unknown[], node: SchemaNode): void {
  const { previous, shape } = walk
  const previousOf = previous === undefined ? undefined : correlate(previous, shape)
  enter(walk, shape?.items)
  for (let index = 0; index < items.length; index++) {
    const start = walk.problems.length
    walk.previous = previousOf?.(items[index])
    validate(walk, items[index], node)
    if (walk.problems.length > start) addStep(walk.problems, start, index)
  }
  leave(walk, previous, shape)
}

/** Finds the item of the old list that has the same keys. Only items of list-type map correspond to each other. */
function correlate(previous: unknown, shape: SchemaNode | undefined): ((item: unknown) => unknown) | undefined {
  const keys = shape?.listType === 'map' ? shape.listMapKeys : undefined
  if (!keys || !Array.isArray(previous)) return undefined
  const byKey = new Map(previous.map((item: unknown) => [identityOf(keyOfItem(item, keys)), item]))
  return (item) => byKey.get(identityOf(keyOfItem(item, keys)))
}

// Objects

function checkObject(walk: Walk, object: JsonObject, node: SchemaNode): void {
  walk.matches++
  if (node.minProperties !== undefined || node.maxProperties !== undefined) checkSize(walk, object, node)
  if (node.format === objectMetaFormat) return checkMetadata(walk, object, node)
  if (node.properties || node.additionalProperties) checkFields(walk, object, node)
  for (const name of node.required ?? none) {
    if (object[name] !== undefined && Object.hasOwn(object, name)) continue
    walk.problems.push({ trail: [name], source: 'schema', describe: problem.missing() })
  }
  if (node.embeddedResource) checkEmbedded(walk, object)
}

const none: readonly string[] = []

function checkSize(walk: Walk, object: JsonObject, { minProperties, maxProperties }: SchemaNode): void {
  const count = Object.keys(object).length
  if (minProperties !== undefined && count < minProperties) {
    report(walk, 'schema', problem.breaksRule(count, `should have at least ${minProperties} properties`))
  }
  if (maxProperties !== undefined && count > maxProperties) {
    report(walk, 'schema', problem.tooMany(count, maxProperties))
  }
}

function checkFields(walk: Walk, object: JsonObject, node: SchemaNode): void {
  const { previous, shape } = walk
  const { properties, additionalProperties } = node
  enter(walk, undefined)
  for (const name in object) {
    const known = properties?.get(name)
    const field = known ?? additionalProperties
    const value = object[name]
    if (!field || value === undefined) continue
    const start = walk.problems.length
    walk.shape = shape?.properties?.get(name) ?? shape?.additionalProperties
    walk.previous = isJsonObject(previous) && walk.shape ? ownField(previous, name) : undefined
    validate(walk, value, field)
    if (walk.problems.length > start) addStep(walk.problems, start, known ? name : { key: name })
  }
  leave(walk, previous, shape)
}

/** Metadata has rules of its own; a schema may only restrict the name further. */
function checkMetadata(walk: Walk, metadata: JsonObject, node: SchemaNode): void {
  for (const name of ['name', 'generateName']) {
    const field = node.properties?.get(name)
    const value = ownField(metadata, name)
    if (!field || value === undefined) continue
    const start = walk.problems.length
    validate(walk, value, field)
    addStep(walk.problems, start, name)
  }
}

function checkEmbedded(walk: Walk, object: JsonObject): void {
  for (const { field, ...error } of validateEmbeddedObject(object, '')) {
    const describe = (_: string, parent: string) => ({ ...error, field: `${parent}${field}` })
    report(walk, 'embedded', describe)
  }
}

function enter(walk: Walk, shape: SchemaNode | undefined): void {
  walk.shape = shape
  checkDepth(++walk.depth)
}

function leave(walk: Walk, previous: unknown, shape: SchemaNode | undefined): void {
  walk.previous = previous
  walk.shape = shape
  walk.depth--
}

// Combinations

function checkCombinations(walk: Walk, value: unknown, node: SchemaNode): void {
  walk.matches++
  if (node.anyOf) checkAnyOf(walk, value, node.anyOf)
  if (node.oneOf) checkOneOf(walk, value, node.oneOf)
  if (node.allOf) checkAllOf(walk, value, node.allOf)
  if (node.not && tryBranch(walk, value, node.not).problems.length === 0) {
    report(walk, 'schema', problem.breaksCombination('not validate the schema (not)'))
  }
}

interface Branch {
  readonly problems: readonly SchemaProblem[]
  readonly matches: number
}

/** Validates one alternative; its problems and matches do not count yet. */
function tryBranch(walk: Walk, value: unknown, node: SchemaNode): Branch {
  const start = walk.problems.length
  const before = walk.matches
  walk.matches = 0
  validate(walk, value, node)
  const branch = { problems: walk.problems.splice(start), matches: walk.matches }
  walk.matches = before
  return branch
}

function take(walk: Walk, branch: Branch | undefined): void {
  if (!branch) return
  walk.problems.push(...branch.problems)
  walk.matches += branch.matches
}

function closer(best: Branch | undefined, branch: Branch): Branch {
  return best === undefined || branch.matches > best.matches ? branch : best
}

function checkAnyOf(walk: Walk, value: unknown, nodes: readonly SchemaNode[]): void {
  let best: Branch | undefined
  for (const node of nodes) {
    const branch = tryBranch(walk, value, node)
    if (branch.problems.length === 0) return take(walk, branch)
    best = closer(best, branch)
  }
  report(walk, 'schema', problem.breaksCombination('validate at least one schema (anyOf)'))
  take(walk, best)
}

function checkOneOf(walk: Walk, value: unknown, nodes: readonly SchemaNode[]): void {
  const branches = nodes.map((node) => tryBranch(walk, value, node))
  const valid = branches.filter(({ problems }) => problems.length === 0)
  if (valid.length === 1) return take(walk, valid[0])
  const found = valid.length === 0 ? 'Found none valid' : `Found ${valid.length} valid alternatives`
  report(walk, 'schema', problem.breaksCombination(`validate one and only one schema (oneOf). ${found}`))
  if (valid.length === 0) take(walk, branches.reduce<Branch | undefined>(closer, undefined))
}

function checkAllOf(walk: Walk, value: unknown, nodes: readonly SchemaNode[]): void {
  let valid = 0
  for (const node of nodes) {
    const branch = tryBranch(walk, value, node)
    if (branch.problems.length === 0) valid++
    take(walk, branch)
  }
  if (valid === nodes.length) return
  const detail = valid === 0 ? '. None validated' : ''
  report(walk, 'schema', problem.breaksCombination(`validate all the schemas (allOf)${detail}`))
}
