import { goQuote } from '../field-error.ts'
import type { Json } from '../object.ts'
import { isJsonObject } from '../patch/json-value.ts'

/*
 * One step of a field's path, as fieldsV1 writes it: `f:name` (a field), `k:{"name":"web"}` (the list item with these
 * keys), `v:"x"` (the set's item of this value), `i:3` (an index). `.` is the thing itself. Strings are canonical, so
 * that equal elements are equal strings.
 */

export const self = '.'

/** Field names recur in every object: the element of a known one costs no new string. */
const fieldElements = new Map<string, string>()
const maxFieldElements = 4096 // ~0.5 MB; names that clients make up must not fill the memory

export function fieldElement(name: string): string {
  let element = fieldElements.get(name)
  if (element === undefined) {
    element = `f:${name}`
    if (fieldElements.size >= maxFieldElements) fieldElements.clear()
    fieldElements.set(name, element)
  }
  return element
}

export function valueElement(value: Json): string {
  return `v:${encodeGoJson(value)}`
}

/** `pairs` need not be sorted. */
export function keyElement(pairs: readonly KeyPair[]): string {
  const [first, second] = pairs
  if (!first) return 'k:{}'
  if (!second) return `k:{${encodePair(first)}}`
  const sorted = [...pairs].sort(([left], [right]) => (left < right ? -1 : 1))
  return `k:{${sorted.map(encodePair).join(',')}}`
}

export type KeyPair = readonly [name: string, value: Json]

function encodePair([name, value]: KeyPair): string {
  return `${encodeGoString(name)}:${encodeGoJson(value)}`
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
  const order = kind === keyCode ? compareKeyTexts(left, right) : undefined
  if (order !== undefined) return order
  const [leftContent, rightContent] = [JSON.parse(left.slice(2)) as Json, JSON.parse(right.slice(2)) as Json]
  return kind === keyCode && isJsonObject(leftContent) && isJsonObject(rightContent)
    ? compareKeys(Object.entries(leftContent), Object.entries(rightContent))
    : compareValues(leftContent, rightContent)
}

/** The order of two keys by their text; undefined where they differ in a number. */
function compareKeyTexts(left: string, right: string): number | undefined {
  let at = 0
  while (at < left.length && left.charCodeAt(at) === right.charCodeAt(at)) at++
  const [first, second] = [left.charCodeAt(at), right.charCodeAt(at)]
  if ((isDigit(first) || isDigit(second)) && isInNumber(left, at)) return undefined
  // The end of a key, and the quote that ends a string, sort before anything that goes on.
  if (at === left.length - 1) return -1
  if (at === right.length - 1) return 1
  if (first === quoteCode) return -1
  if (second === quoteCode) return 1
  return first < second ? -1 : 1
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

/** Nothing but digits, a point or a minus lies between `at` and the colon behind a name. */
function isInNumber(text: string, at: number): boolean {
  let start = at
  while (start > 0 && /[-.0-9]/.test(text[start - 1] ?? '')) start--
  return text.startsWith('":', start - 2)
}

const quoteCode = '"'.charCodeAt(0)
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

// eslint-disable-next-line eslint/no-control-regex -- they are among what has to be escaped
const plainText = /^[^"\\<>&\u0000-\u001f\u2028\u2029\ud800-\udfff]*$/
const goEscapes = /[<>&\u2028\u2029]|\\b|\\f|\\\\/g

function encodeGoString(text: string): string {
  if (plainText.test(text)) return `"${text}"`
  return JSON.stringify(text).replaceAll(goEscapes, (found) => {
    if (found === '\\\\') return found
    const code = found === '\\b' ? 8 : found === '\\f' ? 12 : found.charCodeAt(0)
    return `\\u${code.toString(16).padStart(4, '0')}`
  })
}
