import { badRequest } from './api-errors.ts'
import { findDuplicateKeys, JsonSyntaxError, parseJsonSlowly } from './json-parser.ts'
import { stringifyJsonSlowly } from './json-writer.ts'
import type { Json } from './object.ts'

/**
 * Deeper documents are refused. Go's limit is 10,000, but what walks objects here recurses, and a JavaScript stack holds
 * some thousand frames; running out of it may even end the process. No real object is a hundred levels deep.
 */
export const maxNestingDepth = 1_000
/** Of an object that a client sends. Lower, so that what is stored (managedFields repeat the depth) can be read back. */
export const maxObjectDepth = 400

// A byte order mark stays, and is refused as Go refuses it. What is not UTF-8 becomes U+FFFD, as in Go.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * Reads JSON. Integers beyond 2^53 that fit an int64 become bigint, `__proto__` is a key like others, and bad input throws
 * 400 in the words of Go's decoder.
 */
export function parseJson(input: string | Uint8Array, maxDepth = maxNestingDepth): Json {
  return read(toText(input), maxDepth).value
}

export interface StrictJson {
  readonly value: Json
  /** Paths of fields that occur more than once (`spec.x`, `spec.a[0].b`); the last one counts. */
  readonly duplicateFields: readonly string[]
}

/** Reads an object from a client. */
export function parseJsonStrictly(input: string | Uint8Array, maxDepth = maxObjectDepth): StrictJson {
  const text = toText(input)
  const { value, strings } = read(text, maxDepth)
  const quotes = typeof input === 'string' ? countQuotesInText(input) : countQuotes(input)
  return { value, duplicateFields: quotes === 2 * strings ? [] : findDuplicateKeys(text) }
}

/** Throws 400 when an object has become too deep, by patches for instance. */
export function checkDepth(value: unknown, maxDepth = maxObjectDepth): void {
  inspect(value, maxDepth)
}

function toText(input: string | Uint8Array): string {
  return typeof input === 'string' ? input : decoder.decode(input)
}

function read(text: string, maxDepth: number): { value: Json; strings: number } {
  try {
    const value = parseNatively(text, maxDepth)
    const { strings, exact } = inspect(value, maxDepth)
    return { value: exact ? value : parseJsonSlowly(text, maxDepth), strings }
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw badRequest(error.message, error)
    throw error
  }
}

function parseNatively(text: string, maxDepth: number): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    // The slow parser finds the same fault and has Go's words for it.
    return parseJsonSlowly(text, maxDepth)
  }
}

/**
 * Walks a document level by level, since it may be too deep to recurse. `strings` counts keys and string values;
 * `exact` is false when a number may have lost digits or is beyond what a float holds.
 */
function inspect(root: unknown, maxDepth: number): { strings: number; exact: boolean } {
  let strings = 0
  let exact = true
  const take = (child: unknown, next: object[]): void => {
    if (typeof child === 'string') strings++
    else if (typeof child === 'number') exact &&= child <= Number.MAX_SAFE_INTEGER && child >= Number.MIN_SAFE_INTEGER
    else if (typeof child === 'object' && child !== null) next.push(child)
  }
  let level: object[] = []
  take(root, level)
  for (let depth = 0; level.length > 0; depth++) {
    if (depth >= maxDepth) throw badRequest('exceeded max depth')
    const next: object[] = []
    for (const parent of level) {
      if (Array.isArray(parent)) for (const child of parent) take(child, next)
      // Faster than Object.values, and parsed objects inherit nothing that could be enumerated.
      else
        for (const key in parent) {
          strings++
          take((parent as Record<string, unknown>)[key], next)
        }
    }
    level = next
  }
  return { strings, exact }
}

const quote = 0x22
const backslash = 0x5c

// Quotes that open or close a string, in JSON known to be valid: two a string. With fewer strings in the parsed value,
// a key has been overwritten. Backslashes stand in strings only, and what follows one is no end.
function countQuotes(bytes: Uint8Array): number {
  let quotes = 0
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index]
    if (byte === quote) quotes++
    else if (byte === backslash) index++
  }
  return quotes
}

function countQuotesInText(text: string): number {
  let quotes = 0
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit === quote) quotes++
    else if (unit === backslash) index++
  }
  return quotes
}

/** Writes JSON; bigint becomes a number. Undefined fields are left out, as JSON.stringify does. */
export function stringifyJson(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch {
    // A bigint somewhere, or deeper than the stack.
    return stringifyJsonSlowly(value)
  }
}
