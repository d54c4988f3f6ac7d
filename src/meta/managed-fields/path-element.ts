import { goQuote } from '../field-error.ts'
import type { Json } from '../object.ts'
import { isJsonObject } from '../patch/json-value.ts'

/*
 * One step of a field's path, as fieldsV1 writes it: `f:name` (a field), `k:{"name":"web"}` (the list item with these
 * keys), `v:"x"` (the set's item of this value), `i:3` (an index). `.` is the thing itself. Strings are canonical, so
 * that equal elements are equal strings.
 */

export const self = '.'

export function fieldElement(name: string): string {
  return `f:${name}`
}

export function valueElement(value: Json): string {
  return `v:${encodeGoJson(value)}`
}

/** `pairs` need not be sorted. */
export function keyElement(pairs: readonly (readonly [name: string, value: Json])[]): string {
  const sorted = pairs.length > 1 ? [...pairs].sort(([left], [right]) => (left < right ? -1 : 1)) : pairs
  return `k:{${sorted.map(([name, value]) => `${encodeGoString(name)}:${encodeGoJson(value)}`).join(',')}}`
}

/** The canonical form of an element somebody else wrote; undefined for kinds that we do not know, which are dropped. */
export function canonicalElement(element: string): string | undefined {
  if (element.length < 2) throw new Error('key must be 2 characters long:')
  if (element[1] !== ':') throw new Error(`missing colon: ${element}`)
  const content = element.slice(2)
  switch (element[0]) {
    case 'f':
      return element
    case 'v':
      // An integer stays as it is written: it may be longer than a number can hold.
      return /^(0|-?[1-9][0-9]*)$/.test(content) ? element : valueElement(JSON.parse(content) as Json)
    case 'k': {
      const keys: unknown = JSON.parse(content)
      if (!isJsonObject(keys)) throw new Error(`no keys: ${content}`)
      return keyElement(Object.entries(keys).map(([name, value]) => [name, value ?? null]))
    }
    case 'i':
      if (!/^[+-]?[0-9]+$/.test(content)) throw new Error(`strconv.Atoi: parsing ${goQuote(content)}: invalid syntax`)
      return `i:${Number(content)}`
    default:
      return undefined
  }
}

const kindOrder = 'fkvi'

/** Fields first, then keys, values, indexes; numbers by size. What `fieldsV1` of the real server is sorted by. */
export function compareElements(left: string, right: string): number {
  if (left === right) return 0
  const kind = left.charCodeAt(0)
  if (kind !== right.charCodeAt(0)) return kindOrder.indexOf(left[0] ?? '') - kindOrder.indexOf(right[0] ?? '')
  if (kind === fieldCode) return left < right ? -1 : 1
  const [leftContent, rightContent] = [JSON.parse(left.slice(2)) as Json, JSON.parse(right.slice(2)) as Json]
  return kind === keyCode && isJsonObject(leftContent) && isJsonObject(rightContent)
    ? compareKeys(Object.entries(leftContent), Object.entries(rightContent))
    : compareValues(leftContent, rightContent)
}

const fieldCode = 'f'.charCodeAt(0)
const keyCode = 'k'.charCodeAt(0)

type Entries = readonly [string, Json | undefined][]

function compareKeys(left: Entries, right: Entries): number {
  for (const [index, [name, value]] of left.entries()) {
    const other = right[index]
    if (!other) return 1
    if (name !== other[0]) return name < other[0] ? -1 : 1
    const order = compareValues(value ?? null, other[1] ?? null)
    if (order !== 0) return order
  }
  return left.length - right.length
}

function compareValues(left: Json, right: Json): number {
  const order = typeOrder(left) - typeOrder(right)
  if (order !== 0) return order
  if (typeof left === 'object' || typeof right === 'object') {
    const [leftText, rightText] = [encodeGoJson(left), encodeGoJson(right)]
    return leftText === rightText ? 0 : leftText < rightText ? -1 : 1
  }
  return left === right ? 0 : left < right ? -1 : 1
}

function typeOrder(value: Json): number {
  if (typeof value === 'number' || typeof value === 'bigint') return 0
  if (typeof value === 'string') return 1
  if (typeof value === 'boolean') return 2
  if (Array.isArray(value)) return 3
  return value === null ? 5 : 4
}

/** As error texts name it: `.spec`, `[name="web"]`, `[="x"]`, `[3]`. */
export function formatElement(element: string): string {
  const content = element.slice(2)
  switch (element[0]) {
    case 'f':
      return `.${content}`
    case 'v':
      return `[=${formatScalar(JSON.parse(content) as Json)}]`
    case 'k': {
      const keys = Object.entries(JSON.parse(content) as Record<string, Json>)
      return `[${keys.map(([name, value]) => `${name}=${formatScalar(value)}`).join(',')}]`
    }
    default:
      return `[${content}]`
  }
}

function formatScalar(value: Json): string {
  return typeof value === 'string' ? goQuote(value) : encodeGoJson(value)
}

export function formatPath(path: readonly string[]): string {
  return path.map(formatElement).join('')
}

/** JSON as Go's encoder writes it: members sorted, HTML characters escaped. */
export function encodeGoJson(value: Json): string {
  if (typeof value === 'string') return encodeGoString(value)
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return `[${value.map(encodeGoJson).join(',')}]`
  const members: string[] = []
  for (const key of Object.keys(value).sort()) {
    const member = value[key]
    if (member !== undefined) members.push(`${encodeGoString(key)}:${encodeGoJson(member)}`)
  }
  return `{${members.join(',')}}`
}

const needsGoEscape = /[<>&\u2028\u2029\b\f]/
const goEscapes = /[<>&\u2028\u2029]|\\b|\\f|\\\\/g

function encodeGoString(text: string): string {
  const json = JSON.stringify(text)
  if (!needsGoEscape.test(text)) return json
  return json.replaceAll(goEscapes, (found) => {
    if (found === '\\\\') return found
    const code = found === '\\b' ? 8 : found === '\\f' ? 12 : found.charCodeAt(0)
    return `\\u${code.toString(16).padStart(4, '0')}`
  })
}
