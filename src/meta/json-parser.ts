import { maxInt64, minInt64 } from './int64.ts'
import type { Json, JsonObject } from './object.ts'

/** Its message is what Go's encoding/json says of the same text. */
export class JsonSyntaxError extends Error {}

/**
 * A whole JSON parser for the few texts that JSON.parse does not serve: integers beyond 2^53, faults that need Go's words,
 * and duplicate keys that must be found. Iterative, so that depth costs heap, not stack.
 */
export function parseJsonSlowly(text: string, maxDepth: number): Json {
  return new JsonParser(text, maxDepth).parse()
}

/** Paths of keys that occur more than once in their object, in order of appearance, each once; at most 100, as upstream. */
export function findDuplicateKeys(text: string): string[] {
  const parser = new JsonParser(text, Infinity)
  parser.parse()
  return [...parser.duplicates]
}

const maxDuplicates = 100

interface Frame {
  readonly value: Json[] | JsonObject
  /** Of the member that is being read. */
  key: string
  path: string
}

const exponentError = 'in exponent of numeric literal'

class JsonParser {
  readonly duplicates = new Set<string>()
  readonly #text: string
  readonly #maxDepth: number
  readonly #stack: Frame[] = []
  #position = 0

  constructor(text: string, maxDepth: number) {
    this.#text = text
    this.#maxDepth = maxDepth
  }

  parse(): Json {
    let value = this.#openOrScalar()
    for (;;) {
      const frame = this.#stack.at(-1)
      if (!frame) break
      if (value !== undefined) this.#add(frame, value)
      value = this.#isClosed(frame, value === undefined) ? this.#close() : this.#openOrScalar()
    }
    if (this.#skipBlanks() !== '') this.#fail('after top-level value')
    return value ?? null
  }

  // A scalar, an empty container's frame pushed (undefined), or an error.
  #openOrScalar(): Json | undefined {
    const character = this.#skipBlanks()
    if (character === '{' || character === '[') {
      if (this.#stack.length >= this.#maxDepth) throw new JsonSyntaxError('exceeded max depth')
      const parent = this.#stack.at(-1)
      const path = parent ? childPath(parent) : ''
      this.#stack.push({ value: character === '{' ? {} : [], key: '', path })
      this.#position++
      return undefined
    }
    if (character === '"') return this.#string()
    if (character === '-' || isDigit(character)) return this.#number()
    if (character === 't') return this.#literal('true', true)
    if (character === 'f') return this.#literal('false', false)
    if (character === 'n') return this.#literal('null', null)
    return this.#fail('looking for beginning of value')
  }

  #add({ value: parent, key }: Frame, value: Json): void {
    if (Array.isArray(parent)) parent.push(value)
    else if (key === '__proto__') {
      Object.defineProperty(parent, key, { value, writable: true, enumerable: true, configurable: true })
    } else parent[key] = value
  }

  // Reads what stands between two members: true at the end of the container; else the position is before a value.
  #isClosed(frame: Frame, isEmpty: boolean): boolean {
    const isArray = Array.isArray(frame.value)
    const character = this.#skipBlanks()
    if (character === (isArray ? ']' : '}')) {
      this.#position++
      return true
    }
    if (!isEmpty) {
      if (character !== ',') this.#fail(isArray ? 'after array element' : 'after object key:value pair')
      this.#position++
    }
    if (!isArray) this.#key(frame)
    return false
  }

  #close(): Json {
    return this.#stack.pop()?.value ?? null
  }

  #key(frame: Frame): void {
    if (this.#skipBlanks() !== '"') this.#fail('looking for beginning of object key string')
    frame.key = this.#string()
    if (Object.hasOwn(frame.value, frame.key) && this.duplicates.size < maxDuplicates) {
      this.duplicates.add(childPath(frame))
    }
    if (this.#skipBlanks() !== ':') this.#fail('after object key')
    this.#position++
  }

  #string(): string {
    const start = this.#position++
    let escaped = false
    for (;;) {
      const character = this.#peek()
      if (character === '"') break
      if (character < ' ') this.#fail('in string literal')
      this.#position++
      if (character === '\\') {
        escaped = true
        this.#escape()
      }
    }
    this.#position++
    const raw = this.#text.slice(start, this.#position)
    return escaped ? (JSON.parse(raw) as string) : raw.slice(1, -1)
  }

  #escape(): void {
    const character = this.#peek()
    if (!'bfnrt\\/"u'.includes(character)) this.#fail('in string escape code')
    this.#position++
    if (character !== 'u') return
    for (let digit = 0; digit < 4; digit++) {
      if (!/[0-9a-fA-F]/.test(this.#peek())) this.#fail(String.raw`in \u hexadecimal character escape`)
      this.#position++
    }
  }

  #number(): number | bigint {
    const start = this.#position
    if (this.#peek() === '-') this.#position++
    if (this.#text[this.#position] === '0') this.#position++
    else this.#digits('in numeric literal')
    let isInteger = true
    if (this.#text[this.#position] === '.') {
      isInteger = false
      this.#position++
      this.#digits('after decimal point in numeric literal')
    }
    if (/[eE]/.test(this.#text[this.#position] ?? '')) {
      isInteger = false
      this.#position++
      if (/[+-]/.test(this.#text[this.#position] ?? '')) this.#position++
      this.#digits(exponentError)
    }
    return toNumber(this.#text.slice(start, this.#position), isInteger)
  }

  #digits(context: string): void {
    if (!isDigit(this.#peek())) this.#fail(context)
    while (isDigit(this.#text[this.#position] ?? '')) this.#position++
  }

  #literal<T extends Json>(word: string, value: T): T {
    for (const expected of word) {
      if (this.#peek() !== expected) this.#fail(`in literal ${word} (expecting '${expected}')`)
      this.#position++
    }
    return value
  }

  // The character at the position; the end of the text is an error.
  #peek(): string {
    const character = this.#text[this.#position]
    if (character === undefined) throw new JsonSyntaxError('unexpected end of JSON input')
    return character
  }

  // The next character that is not blank, not taken; empty at the end.
  #skipBlanks(): string {
    for (;;) {
      const character = this.#text[this.#position] ?? ''
      if (character !== ' ' && character !== '\n' && character !== '\t' && character !== '\r') return character
      this.#position++
    }
  }

  #fail(context: string): never {
    this.#peek()
    const point = this.#text.codePointAt(this.#position) ?? 0
    throw new JsonSyntaxError(`invalid character ${quoteCharacter(point)} ${context}`)
  }
}

function childPath({ value, key, path }: Frame): string {
  if (Array.isArray(value)) return `${path}[${value.length}]`
  return path === '' ? key : `${path}.${key}`
}

function isDigit(character: string): boolean {
  return character >= '0' && character <= '9'
}

function toNumber(text: string, isInteger: boolean): number | bigint {
  const number = Number(text)
  // No int64 has more than 20 characters; big integers of megabytes must not be made.
  if (isInteger && !Number.isSafeInteger(number) && text.length <= 20) {
    const exact = BigInt(text)
    if (exact >= minInt64 && exact <= maxInt64) return exact
  }
  if (!Number.isFinite(number)) {
    throw new JsonSyntaxError(`json: cannot unmarshal number ${text} into Go value of type float64`)
  }
  return number
}

/** Go's decoder looks at bytes: of a character beyond ASCII it shows the first byte as if it were a character. */
function quoteCharacter(point: number): string {
  const byte = new TextEncoder().encode(String.fromCodePoint(point))[0] ?? 0
  if (byte === 0x27) return String.raw`'\''`
  if (byte === 0x5c) return String.raw`'\\'`
  const short = shortEscapes.get(byte)
  if (short !== undefined) return `'${short}'`
  if (byte < 0x20 || byte === 0x7f) return String.raw`'\x${byte.toString(16).padStart(2, '0')}'`
  return `'${String.fromCodePoint(byte)}'`
}

const shortEscapes: ReadonlyMap<number, string> = new Map([
  [0x07, String.raw`\a`],
  [0x08, String.raw`\b`],
  [0x09, String.raw`\t`],
  [0x0a, String.raw`\n`],
  [0x0b, String.raw`\v`],
  [0x0c, String.raw`\f`],
  [0x0d, String.raw`\r`],
])
