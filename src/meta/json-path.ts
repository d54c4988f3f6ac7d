import { parseSteps, type Step } from './json-path-parser.ts'
import type { Json, JsonObject } from './object.ts'
import { stringifyJson } from './json.ts'

/**
 * kubectl's JSONPath, as far as printer columns and selectable fields use it. Finds values; what cannot be followed (a
 * missing field, an index outside the array, a comparison of unlike things) finds nothing. Never changes its input.
 */
export type JsonPath = (root: Json) => readonly Json[]

/** Compiles `.spec.x`, `{.a['b.c'][0]}`, `.items[*]`, `[1:3]`, `..name`, `[?(@.type=="Ready")]`. Throws JsonPathError. */
export function compileJsonPath(text: string): JsonPath {
  const steps = parseSteps(text.startsWith('{') && text.endsWith('}') ? text.slice(1, -1) : text)
  return (root) => {
    try {
      return follow([root], steps)
    } catch (error) {
      if (error instanceof NotComparable) return []
      throw error
    }
  }
}

/** The values together must stay in proportion to the document: unions of unions multiply. */
const maxResults = 100_000

class NotComparable extends Error {}

function follow(start: readonly Json[], steps: readonly Step[]): readonly Json[] {
  let values = start
  for (const step of steps) {
    values = take(values, step)
    if (values.length > maxResults) throw new NotComparable()
    if (values.length === 0) return values
  }
  return values
}

function take(values: readonly Json[], step: Step): readonly Json[] {
  switch (step.type) {
    case 'field':
      return values.flatMap((value) =>
        isObject(value) && Object.hasOwn(value, step.name) ? [value[step.name] ?? null] : [],
      )
    case 'wildcard':
      return values.flatMap(childrenOf)
    case 'slice':
      return values.flatMap((value) => (value === null ? [] : slice(value, step)))
    case 'union':
      return step.members.flatMap((member) => follow(values, member))
    case 'recursive':
      return values.flatMap(containersOf)
    case 'filter':
      return values.flatMap((value) => filter(value, step))
    default:
      return values.map(() => step.value)
  }
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function childrenOf(value: Json): Json[] {
  if (Array.isArray(value)) return value
  return isObject(value) ? Object.values(value).map((child) => child ?? null) : []
}

/** The value and everything below it that has children, parents first. With a stack of its own: documents may be deep. */
function containersOf(value: Json): Json[] {
  const found: Json[] = []
  const pending: Json[] = [value]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const children = childrenOf(next)
    if (children.length === 0) continue
    found.push(next)
    for (let index = children.length - 1; index >= 0; index--) pending.push(children[index] ?? null)
  }
  return found
}

function slice(value: Json, { start, end, step }: Extract<Step, { type: 'slice' }>): Json[] {
  if (!Array.isArray(value)) throw new NotComparable()
  const from = fromEnd(start ?? 0, value.length)
  const single = end === 'next'
  const to = single ? from + 1 : fromEnd(end ?? value.length, value.length)
  if (from === to) return []
  if (from < 0 || from >= value.length || to < 0 || to > value.length || from > to) throw new NotComparable()
  const part = value.slice(from, to)
  return step === 1 ? part : part.filter((_, index) => index % step === 0)
}

function fromEnd(index: number, length: number): number {
  return index < 0 ? index + length : index
}

function filter(value: Json, { left, operator, right }: Extract<Step, { type: 'filter' }>): Json[] {
  if (!Array.isArray(value)) throw new NotComparable()
  return value.filter((item) => {
    if (operator === 'exists') return followOrNothing(item, left).length > 0
    const lefts = follow([item], left)
    const rights = follow([item], right)
    const [a, b] = [lefts[0], rights[0]]
    if (a === undefined || b === undefined) return false
    if (lefts.length > 1 || rights.length > 1) throw new NotComparable()
    return compare(a, operator, b)
  })
}

function followOrNothing(item: Json, steps: readonly Step[]): readonly Json[] {
  try {
    return follow([item], steps)
  } catch {
    return []
  }
}

function compare(a: Json, operator: string, b: Json): boolean {
  const [left, right] = [comparable(a), comparable(b)]
  if (operator === '==') return left === right
  if (operator === '!=') return left !== right
  if (typeof left !== typeof right || typeof left === 'boolean') throw new NotComparable()
  if (operator === '<') return left < right
  if (operator === '<=') return left <= right
  return operator === '>' ? left > right : left >= right
}

function comparable(value: Json): string | number | boolean {
  if (typeof value === 'bigint') return Number(value)
  if (typeof value === 'object') throw new NotComparable()
  return value
}

/** How kubectl prints a found value: text as it is, objects and arrays as JSON. */
export function formatJsonPathValue(value: Json): string {
  if (value === null) return '<no value>'
  return typeof value === 'object' ? stringifyJson(value) : String(value)
}
