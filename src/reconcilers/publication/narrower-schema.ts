import { canonicalJson } from '../../base/canonical-json.ts'
import type { JsonObject } from '../../meta/object.ts'
import { isJsonObject } from '../../meta/patch/json-value.ts'

interface CrdVersion {
  name?: unknown
  served?: unknown
  schema?: { openAPIV3Schema?: unknown }
}

const namedChanges = 5
const maxDepth = 60 // deeper than any structural schema that was accepted

/**
 * What objects that were valid under `before` may lose or violate under `after`: removed versions, and for each version
 * that stays the fields that go, become required or take fewer values. Empty when everything that is stored stays valid.
 * Both are the spec of one CRD.
 */
export function narrowings(before: unknown, after: unknown): string[] {
  const next = new Map(versionsOf(after).map((version) => [version.name, version]))
  const found: string[] = []
  for (const version of versionsOf(before)) {
    if (typeof version.name !== 'string' || version.served !== true) continue
    const replacement = next.get(version.name)
    if (!replacement || replacement.served !== true) found.push(`version ${version.name} is not served any more`)
    else compare(schemaOf(version), schemaOf(replacement), version.name, found, 0)
  }
  return found
}

/** In one sentence. */
export function describeNarrowings(found: readonly string[]): string {
  const more = found.length > namedChanges ? ` and ${found.length - namedChanges} more` : ''
  return found.slice(0, namedChanges).join('; ') + more
}

function versionsOf(spec: unknown): CrdVersion[] {
  const { versions } = (isJsonObject(spec) ? spec : {}) as { versions?: unknown }
  return Array.isArray(versions) ? versions.filter((version): version is JsonObject => isJsonObject(version)) : []
}

function schemaOf({ schema }: CrdVersion): JsonObject {
  const root = isJsonObject(schema) ? schema['openAPIV3Schema'] : undefined
  return isJsonObject(root) ? root : {}
}

/** Limits that let fewer values pass when they grow, and when they shrink. */
const lowerLimits = ['minimum', 'minLength', 'minItems', 'minProperties']
const upperLimits = ['maximum', 'maxLength', 'maxItems', 'maxProperties']
/** Changed or added, these may refuse what was accepted; nobody compares patterns or formulas. */
const opaque = [
  'pattern',
  'format',
  'multipleOf',
  'allOf',
  'anyOf',
  'oneOf',
  'not',
  'uniqueItems',
  'x-kubernetes-validations',
]

function compare(before: JsonObject, after: JsonObject, path: string, found: string[], depth: number): void {
  if (depth > maxDepth || canonicalJson(before) === canonicalJson(after)) return
  if (typeOf(after) !== undefined && typeOf(before) !== typeOf(after) && !isWiderNumber(before, after))
    return void found.push(`${path} becomes ${typeOf(after)}`)
  if (before['nullable'] === true && after['nullable'] !== true) found.push(`${path} may not be null any more`)
  for (const field of lowerLimits) if (isTighter(after[field], before[field])) found.push(`${path}: ${field} grows`)
  for (const field of upperLimits)
    if (isTighter(before[field], after[field], true)) found.push(`${path}: ${field} shrinks`)
  for (const field of opaque)
    if (after[field] !== undefined && canonicalJson(after[field]) !== canonicalJson(before[field] ?? null))
      found.push(`${path}: ${field} changes`)
  compareEnum(before['enum'], after['enum'], path, found)
  compareFields(before, after, path, found, depth)
  for (const field of ['items', 'additionalProperties']) {
    const [mine, theirs] = [before[field], after[field]]
    if (isJsonObject(mine) && isJsonObject(theirs)) compare(mine, theirs, `${path}[]`, found, depth + 1)
  }
}

function typeOf(schema: JsonObject): string | undefined {
  if (schema['x-kubernetes-int-or-string'] === true) return 'integer or string'
  return typeof schema['type'] === 'string' ? schema['type'] : undefined
}

function isWiderNumber(before: JsonObject, after: JsonObject): boolean {
  const wider = new Map([
    ['number', ['integer']],
    ['integer or string', ['integer', 'string']],
  ])
  return wider.get(typeOf(after) ?? '')?.includes(typeOf(before) ?? '') === true
}

/** `a` is above `b`, or (for an upper limit: b is there and a is not) a limit came where there was none. */
function isTighter(a: unknown, b: unknown, upper = false): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a > b
  return upper ? typeof b === 'number' : typeof a === 'number'
}

function compareEnum(before: unknown, after: unknown, path: string, found: string[]): void {
  if (!Array.isArray(after)) return
  const allowed = new Set(after.map((value) => JSON.stringify(value)))
  const gone = Array.isArray(before) ? before.filter((value) => !allowed.has(JSON.stringify(value))) : undefined
  if (!gone) found.push(`${path} is limited to ${after.length} values`)
  else if (gone.length > 0)
    found.push(`${path} may not be ${gone.map((value) => JSON.stringify(value)).join(', ')} any more`)
}

function compareFields(before: JsonObject, after: JsonObject, path: string, found: string[], depth: number): void {
  const required = new Set(namesOf(before['required']))
  for (const name of namesOf(after['required'])) if (!required.has(name)) found.push(`${path}.${name} becomes required`)
  const keepsUnknown = after['x-kubernetes-preserve-unknown-fields'] === true || after['additionalProperties'] === true
  if (before['x-kubernetes-preserve-unknown-fields'] === true && !keepsUnknown)
    found.push(`${path}: unknown fields are not kept any more`)
  const mine = isJsonObject(before['properties']) ? before['properties'] : {}
  const theirs = isJsonObject(after['properties']) ? after['properties'] : {}
  for (const [name, schema] of Object.entries(mine)) {
    const next = Object.hasOwn(theirs, name) ? theirs[name] : undefined
    if (isJsonObject(schema) && isJsonObject(next)) compare(schema, next, `${path}.${name}`, found, depth + 1)
    else if (next === undefined && !keepsUnknown) found.push(`${path}.${name} goes`)
  }
}

function namesOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((name): name is string => typeof name === 'string') : []
}
