import {
  Composer,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  Parser,
  CST,
  type Document,
  type ParsedNode,
  type Scalar,
} from 'yaml'
import { badRequest, isApiStatusError } from './api-errors.ts'
import { maxObjectDepth, parseJsonStrictly } from './json.ts'
import type { Json, JsonObject } from './object.ts'
import { formatFloat, resolveScalar } from './yaml-scalars.ts'

/**
 * YAML as kubectl and the API server read it: YAML 1.1 by go-yaml v2's rules, then JSON. Keys become strings, anchors and
 * merge keys are resolved, custom tags are ignored. Bad input throws 400.
 */
export interface ParsedYaml {
  readonly value: Json
  /** Paths of keys that occur more than once; the last one counts. */
  readonly duplicateFields: readonly string[]
}

/**
 * Punctuation marks and scalars of a request's body; a millisecond's work per thousand. The largest CRDs have some 20,000 in
 * 350 KB. JSON, which clients send, has no such limit.
 */
const maxLexemes = 200_000

const decoder = new TextDecoder('utf-8')

/** The first document; null when there is none. JSON, which is YAML too, takes the fast road. */
export function parseYaml(input: string | Uint8Array): Json {
  return parseYamlStrictly(input).value
}

export function parseYamlStrictly(input: string | Uint8Array): ParsedYaml {
  const text = typeof input === 'string' ? input : decoder.decode(input)
  if (/^\s*[{[]/.test(text)) {
    try {
      return parseJsonStrictly(text)
    } catch {
      // Flow style YAML looks like JSON.
    }
  }
  for (const document of documentsOf(text, maxLexemes)) return document
  return { value: null, duplicateFields: [] }
}

/** All documents of a file, empty ones left out: what `-f` takes. */
export function parseYamlDocuments(text: string): Json[] {
  return [...documentsOf(text, Infinity)].map(({ value }) => value).filter((value) => value !== null)
}

function* documentsOf(text: string, lexemes: number): Generator<ParsedYaml> {
  // Strings only: what an unquoted scalar means is decided here, by Kubernetes' rules.
  const composer = new Composer({ version: '1.1', schema: 'failsafe', uniqueKeys: false, logLevel: 'silent' })
  try {
    for (const document of composer.compose(tokensOf(text, lexemes))) {
      const [error] = document.errors
      if (error) {
        const line = 1 + (text.slice(0, error.pos[0]).match(/\n/g)?.length ?? 0)
        throw badRequest(`yaml: line ${line}: ${error.message}`)
      }
      yield new YamlReader().read(document)
    }
  } catch (error) {
    if (isApiStatusError(error)) throw error
    throw badRequest(`yaml: ${error instanceof Error ? error.message : 'cannot be read'}`, error)
  }
}

/**
 * Parser and composer recurse, and V8 ends the process when the stack runs out within a regular expression. So depth is
 * bounded before they see a token: by the columns of indent, the indicators on one line and the open brackets together.
 */
function* tokensOf(text: string, maxCount: number): Generator<CST.Token> {
  const parser = new Parser()
  let indent = 0
  let indicators = 0
  let brackets = 0
  let isLineStart = true
  let count = 0
  for (const lexeme of new Lexer().lex(text)) {
    const type = CST.tokenType(lexeme)
    if (type === 'newline') indent = indicators = 0
    else if (type === 'space' && isLineStart) indent = lexeme.length
    else if (type === 'flow-seq-start' || type === 'flow-map-start') brackets++
    else if (type === 'flow-seq-end' || type === 'flow-map-end') brackets = Math.max(0, brackets - 1)
    else if (type === 'seq-item-ind' || type === 'explicit-key-ind' || type === 'map-value-ind') indicators++
    isLineStart = type === 'newline'
    if (++count > maxCount) throw badRequest('yaml: document is too large, send it as JSON')
    if (indent + indicators + brackets > maxObjectDepth) throw badRequest('yaml: exceeded max depth')
    yield* parser.next(lexeme)
  }
  yield* parser.end()
}

/** Values that aliases may repeat: enough for any file that a person wrote, too few for a bomb. */
const maxAliasedNodes = 100_000
const maxDuplicates = 100

class YamlReader {
  readonly #duplicates = new Set<string>()
  readonly #anchors = new Map<string, ParsedNode>()
  readonly #open = new Set<ParsedNode>()
  #aliasDepth = 0
  #aliasedNodes = 0

  read(document: Document.Parsed): ParsedYaml {
    const value = this.#node(document.contents, '')
    return { value, duplicateFields: [...this.#duplicates] }
  }

  #node(node: ParsedNode | null, path: string): Json {
    if (node === null) return null
    this.#count()
    if (isAlias(node)) return this.#alias(node.source, (target) => this.#node(target, path))
    if (node.anchor) this.#anchors.set(node.anchor, node)
    if (isScalar(node)) return finite(readScalar(node))
    return this.#inside(node, () => (isSeq(node) ? this.#sequence(node.items, path) : this.#mapping(node, path)))
  }

  #count(): void {
    if (this.#aliasDepth > 0 && ++this.#aliasedNodes > maxAliasedNodes) {
      throw badRequest('yaml: document contains excessive aliasing')
    }
  }

  #alias<T>(name: string, read: (target: ParsedNode) => T): T {
    const target = this.#anchors.get(name)
    if (!target) throw badRequest(`yaml: unknown anchor '${name}' referenced`)
    this.#aliasDepth++
    const value = read(target)
    this.#aliasDepth--
    return value
  }

  #inside<T>(node: ParsedNode, read: () => T): T {
    if (this.#open.has(node)) throw badRequest(`yaml: anchor '${node.anchor ?? ''}' value contains itself`)
    if (this.#open.size >= maxObjectDepth) throw badRequest('yaml: exceeded max depth')
    this.#open.add(node)
    const value = read()
    this.#open.delete(node)
    return value
  }

  #sequence(items: readonly unknown[], path: string): Json[] {
    return items.map((item, index) => this.#node(item as ParsedNode | null, `${path}[${index}]`))
  }

  #mapping(node: ParsedNode, path: string): JsonObject {
    const object: JsonObject = {}
    if (!isMap(node)) return object
    const seen = new Set<string>()
    for (const { key, value } of node.items) {
      if (isMergeKey(key)) {
        this.#merge(value, object, path)
        continue
      }
      const name = this.#key(key)
      const child = path === '' ? name : `${path}.${name}`
      if (seen.has(name) && this.#duplicates.size < maxDuplicates) this.#duplicates.add(child)
      seen.add(name)
      setOwn(object, name, this.#node(value, child))
    }
    return object
  }

  #key(node: ParsedNode | null): string {
    if (node && isAlias(node)) return this.#alias(node.source, (target) => this.#key(target))
    if (node && !isScalar(node)) throw badRequest('yaml: invalid map key: only strings, numbers and booleans are keys')
    if (node?.anchor) this.#anchors.set(node.anchor, node)
    const value = node ? readScalar(node) : null
    if (value === null) throw badRequest('unsupported map key of type: %!s(<nil>), key: <nil>')
    return typeof value === 'number' && !Number.isSafeInteger(value) ? formatFloat(value) : String(value)
  }

  // Later keys win over what is merged, and of several maps the first; as go-yaml v2, a merge wins over earlier keys.
  #merge(node: ParsedNode | null, object: JsonObject, path: string): void {
    this.#count()
    if (node && isAlias(node)) this.#alias(node.source, (target) => this.#merge(target, object, path))
    else if (node && isSeq(node)) {
      this.#inside(node, () => {
        const items = node.items as (ParsedNode | null)[]
        for (const item of items.toReversed()) this.#merge(item, object, path)
      })
    } else {
      if (!node || !isMap(node)) throw badRequest('yaml: map merge requires map or sequence of maps as the value')
      const merged = this.#inside(node, () => this.#mapping(node, path))
      for (const [key, value] of Object.entries(merged)) setOwn(object, key, value ?? null)
    }
  }
}

function isMergeKey(key: ParsedNode | null): boolean {
  if (!key || !isScalar(key) || key.value !== '<<') return false
  return key.tag === undefined ? key.type === 'PLAIN' : key.tag === 'tag:yaml.org,2002:merge'
}

function setOwn(object: JsonObject, key: string, value: Json): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
  } else object[key] = value
}

const prefix = 'tag:yaml.org,2002:'
const kindsOfTags = new Map([
  ['null', 'null'],
  ['bool', 'boolean'],
  ['int', 'integer'],
  ['float', 'float'],
  ['timestamp', 'timestamp'],
])

type ScalarValue = null | boolean | number | bigint | string

function readScalar(node: Scalar): ScalarValue {
  const text = typeof node.value === 'string' ? node.value : (node.source ?? '')
  const tag = node.tag?.startsWith(prefix) ? node.tag.slice(prefix.length) : node.tag
  if (tag === undefined) return node.type === 'PLAIN' ? resolveScalar(text).value : text
  if (tag === 'binary') return decodeBinary(text)
  const wanted = kindsOfTags.get(tag)
  if (wanted === undefined) return text
  const { kind, value } = resolveScalar(text)
  if (kind === wanted || (kind === 'integer' && wanted === 'float')) return value
  throw badRequest(`yaml: cannot decode !!${kind} \`${text.slice(0, 60)}\` as a !!${tag}`)
}

function finite(value: ScalarValue): ScalarValue {
  if (typeof value !== 'number' || Number.isFinite(value)) return value
  throw badRequest(`json: unsupported value: ${Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'}`)
}

function decodeBinary(text: string): string {
  try {
    const bytes = Uint8Array.from(globalThis.atob(text.replace(/\s/g, '')), (character) => character.charCodeAt(0))
    return decoder.decode(bytes)
  } catch {
    throw badRequest('yaml: !!binary value contains invalid base64 data')
  }
}
