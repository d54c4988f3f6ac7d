import type { Json, JsonObject } from '../object.ts'
import { decodeJsonPatch, type JsonPatchOperation } from './json-patch-operations.ts'
import { cloneJson, getOwn, jsonEqual, setOwn, withinStack } from './json-value.ts'
import { rejectedPatch } from './patch-errors.ts'
import { jsonLength } from './json-length.ts'

export interface JsonPatchOptions {
  /** fieldValidation Warn or Strict: the patch itself is decoded strictly. */
  readonly strict?: boolean
  /** How much `copy` operations may add; upstream's default is 3 MiB. */
  readonly maxCopyBytes?: number
}

export interface PatchResult<T = Json> {
  /** Shares no container with the document that was patched. */
  readonly document: T
  /** What `fieldValidation` has to warn of (Warn) or refuse (Strict). */
  readonly strictErrors: readonly string[]
}

type Container = JsonObject | Json[]

const defaultMaxCopyBytes = 3 * 1024 * 1024

/**
 * RFC 6902 as kube-apiserver has it, which differs in places: a negative index counts from the end, leading zeros and a
 * plus sign are fine, `replace` of an absent member adds it, `copy` of an absent member copies null, and `test` of an
 * absent member passes against null. Neither argument is changed.
 *
 * Errors: 400 for a patch that cannot be decoded, 413 for too many operations, 422 when an operation fails.
 */
export function applyJsonPatch(document: Json, patch: Json, options: JsonPatchOptions = {}): PatchResult {
  const { operations, strictErrors } = decodeJsonPatch(patch, options.strict ?? false)
  return withinStack(() => {
    const draft = new Draft(cloneJson(document), options.maxCopyBytes ?? defaultMaxCopyBytes)
    for (const operation of operations) draft.apply(operation)
    return { document: draft.root, strictErrors }
  })
}

/** A document on its way through the operations; nobody else holds its containers. */
class Draft {
  root: Json
  readonly #maxCopyBytes: number
  #copiedBytes = 0

  constructor(root: Json, maxCopyBytes: number) {
    this.root = root
    this.#maxCopyBytes = maxCopyBytes
  }

  apply(operation: JsonPatchOperation): void {
    switch (operation.op) {
      case 'add':
        return this.#add(operation)
      case 'remove':
        return this.#remove(operation)
      case 'replace':
        return this.#replace(operation)
      case 'move':
        return this.#move(operation)
      case 'copy':
        return this.#copy(operation)
      case 'test':
        return this.#test(operation)
      default:
        throw rejectedPatch(`Unexpected kind: ${operation.op}`)
    }
  }

  #add({ path, value }: JsonPatchOperation): void {
    if (path === undefined) throw rejectedPatch('add operation failed to decode path: missing value')
    const target = this.#find(path)
    if (!target) throw rejectedPatch(`add operation does not apply: doc is missing path: "${path}": missing value`)
    insert(target, cloneJson(value), (why) => `error in add for path: '${path}': ${why}`)
  }

  #remove({ path }: JsonPatchOperation): void {
    if (path === undefined) throw rejectedPatch('remove operation failed to decode path: missing value')
    const target = this.#find(path)
    if (!target) throw rejectedPatch(`remove operation does not apply: doc is missing path: "${path}": missing value`)
    take(target, (why) => `error in remove for path: '${path}': ${why}`)
  }

  #replace({ path, value, hasValue }: JsonPatchOperation): void {
    if (path === undefined) {
      throw rejectedPatch('replace operation failed to decode path: operation missing path field: missing value')
    }
    if (path === '') {
      if (!hasValue || typeof value !== 'object' || value === null) {
        throw rejectedPatch('replace operation value must be object or array')
      }
      this.root = cloneJson(value)
      return
    }
    const target = this.#find(path)
    if (!target) throw rejectedPatch(`replace operation does not apply: doc is missing path: ${path}: missing value`)
    const { container, key } = target
    if (!Array.isArray(container)) return setOwn(container, key, cloneJson(value))
    const why = () => `replace operation does not apply: doc is missing key: ${path}: missing value`
    container[existingIndex(container, key, why)] = cloneJson(value)
  }

  #move({ from, path }: JsonPatchOperation): void {
    if (from === undefined) {
      throw rejectedPatch('move operation failed to decode from: operation, missing from field: missing value')
    }
    const source = this.#find(from)
    if (!source) throw rejectedPatch(`move operation does not apply: doc is missing from path: ${from}: missing value`)
    const value = take(source, (why) => `error in move for path: '${source.key}': ${why}`)
    if (path === undefined) {
      throw rejectedPatch('move operation failed to decode path: operation missing path field: missing value')
    }
    const target = this.#find(path)
    if (!target) {
      throw rejectedPatch(`move operation does not apply: doc is missing destination path: ${path}: missing value`)
    }
    insert(target, value, (why) => `error in move for path: '${path}': ${why}`)
  }

  #copy({ from, path }: JsonPatchOperation): void {
    if (from === undefined) {
      throw rejectedPatch('copy operation failed to decode from: operation, missing from field: missing value')
    }
    const source = this.#find(from)
    if (!source) throw rejectedPatch(`copy operation does not apply: doc is missing from path: ${from}: missing value`)
    const value = read(source, (why) => `error in copy for from: '${from}': ${why}`)
    if (path === undefined) throw rejectedPatch('copy operation failed to decode path: missing value')
    const target = this.#find(path)
    if (!target) {
      throw rejectedPatch(`copy operation does not apply: doc is missing destination path: ${path}: missing value`)
    }
    if (value !== undefined) this.#countCopy(value)
    insert(target, cloneJson(value ?? null), (why) => `error while adding value during copy: ${why}`)
  }

  #countCopy(value: Json): void {
    this.#copiedBytes += jsonLength(value)
    if (this.#maxCopyBytes > 0 && this.#copiedBytes > this.#maxCopyBytes) {
      throw rejectedPatch(
        `Unable to complete the copy, the accumulated size increase of copy is ${this.#copiedBytes}, ` +
          `exceeding the limit ${this.#maxCopyBytes}`,
      )
    }
  }

  #test({ path, value }: JsonPatchOperation): void {
    if (path === undefined) {
      throw rejectedPatch('test operation failed to decode path: operation missing path field: missing value')
    }
    const target = path === '' ? undefined : this.#find(path)
    if (path !== '' && !target) {
      throw rejectedPatch(`test operation does not apply: is missing path: ${path}: missing value`)
    }
    const found = target ? read(target, (why) => `error in test for path: '${path}': ${why}`) : this.root
    if (!jsonEqual(found ?? null, value)) throw rejectedPatch(`testing value ${path} failed: test failed`)
  }

  /** The container that `path` points into; undefined when something on the way is absent, null or a scalar. */
  #find(path: string): Target | undefined {
    const parts = path.split('/')
    if (parts.length < 2) return undefined
    const key = unescape(parts.at(-1) ?? '')
    let container: Json | undefined = this.root
    for (const part of parts.slice(1, -1)) {
      if (!isContainer(container)) return undefined
      container = step(container, unescape(part))
    }
    return isContainer(container) ? { container, key } : undefined
  }
}

interface Target {
  readonly container: Container
  readonly key: string
}

function isContainer(value: Json | undefined): value is Container {
  return typeof value === 'object' && value !== null
}

function step(container: Container, key: string): Json | undefined {
  if (!Array.isArray(container)) return getOwn(container, key)
  const index = resolveIndex(key, container.length)
  return typeof index === 'number' ? container[index] : undefined
}

function read({ container, key }: Target, explain: (why: string) => string): Json | undefined {
  return Array.isArray(container) ? container[existingIndex(container, key, explain)] : getOwn(container, key)
}

function take({ container, key }: Target, explain: (why: string) => string): Json {
  if (Array.isArray(container)) {
    return container.splice(existingIndex(container, key, explain), 1)[0] ?? null
  }
  const value = getOwn(container, key)
  if (value === undefined) throw rejectedPatch(explain(`Unable to remove nonexistent key: ${key}: missing value`))
  delete container[key]
  return value
}

function insert({ container, key }: Target, value: Json, explain: (why: string) => string): void {
  if (!Array.isArray(container)) return setOwn(container, key, value)
  if (key === '-') {
    container.push(value)
    return
  }
  const index = resolveIndex(key, container.length + 1)
  if (typeof index === 'number') container.splice(index, 0, value)
  else {
    const prefix = parseIndex(key) === undefined ? `value was not a proper array index: '${key}': ` : ''
    throw rejectedPatch(explain(prefix + index))
  }
}

function existingIndex(array: readonly Json[], key: string, explain: (why: string) => string): number {
  const index = resolveIndex(key, array.length)
  if (typeof index === 'number') return index
  throw rejectedPatch(explain(index))
}

/** An index below `size`, a negative one counted from `size`; else what is wrong with it. */
function resolveIndex(key: string, size: number): number | string {
  const index = parseIndex(key)
  if (index === undefined) return `strconv.Atoi: parsing "${key}": invalid syntax`
  if (index >= size || index < -size) return `Unable to access invalid index: ${index}: invalid index referenced`
  return index < 0 ? index + size : index
}

function parseIndex(key: string): number | undefined {
  return /^[+-]?[0-9]+$/.test(key) ? Number(key) : undefined
}

/** RFC 6901: `~1` is a slash, `~0` a tilde, read once from left to right. */
function unescape(part: string): string {
  return part.includes('~') ? part.replaceAll(/~[01]/g, (escape) => (escape === '~1' ? '/' : '~')) : part
}
