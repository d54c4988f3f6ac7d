import { isJsonObject } from '../patch/json-value.ts'
import { canonicalElement, compareElements, fieldElement, self } from './path-element.ts'

/**
 * A set of fields, in the very form of `fieldsV1`: a tree of path elements (see path-element.ts). Below the root, a node
 * is a member when it is empty or has `.`; the root itself is never one. No node is there that is not a member and has
 * no members below. Elements are in order. Trees are immutable and share parts, which makes identity a cheap sign of
 * "nothing changed".
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/#System
 */
export interface FieldSet {
  readonly [element: string]: FieldSet
}

type Draft = { [element: string]: FieldSet }

/** The empty set, and as a node the member without members below. */
export const nothing: FieldSet = Object.freeze({})

export function isEmptySet(set: FieldSet): boolean {
  for (const _ in set) return false
  return true
}

function isMember(node: FieldSet): boolean {
  return node[self] !== undefined || isEmptySet(node)
}

/** `['spec', 'replicas']`, of fields only. */
export function setOfPaths(...paths: readonly (readonly string[])[]): FieldSet {
  return paths.reduce<FieldSet>((set, path) => union(set, single(path.map(fieldElement))), nothing)
}

function single(elements: readonly string[]): FieldSet {
  return elements.reduceRight<FieldSet>((below, element) => ({ [element]: below }), nothing)
}

/** The set without the node's own membership. */
function below(node: FieldSet): FieldSet {
  if (node[self] === undefined) return node
  const { [self]: _, ...rest } = node
  return rest
}

export function hasPath(set: FieldSet, path: readonly string[]): boolean {
  let node: FieldSet | undefined = set
  for (const element of path) {
    node = node[element]
    if (!node) return false
  }
  return path.length > 0 && isMember(node)
}

/** What lies below an element, as a set of its own. */
export function membersBelow(set: FieldSet, element: string): FieldSet {
  const node = set[element]
  return node ? below(node) : nothing
}

/** Members of either. `left` itself when `right` adds nothing. */
export function union(left: FieldSet, right: FieldSet): FieldSet {
  if (left === right || isEmptySet(right)) return left
  if (isEmptySet(left)) return right
  let result: Draft | undefined
  for (const element in right) {
    const other = right[element] ?? nothing
    const node = left[element]
    const joined = node ? unionOfNodes(node, other) : other
    if (joined !== node) (result ??= { ...left })[element] = joined
  }
  return result ? inOrder(result) : left
}

function unionOfNodes(left: FieldSet, right: FieldSet): FieldSet {
  if (isEmptySet(right)) return asMember(left)
  if (isEmptySet(left)) return asMember(right)
  return union(left, right)
}

function asMember(node: FieldSet): FieldSet {
  return isMember(node) ? node : { [self]: nothing, ...node }
}

/** Members of both. */
export function intersection(left: FieldSet, right: FieldSet): FieldSet {
  if (left === right) return left
  const result: Draft = {}
  for (const element in left) {
    const node = left[element] ?? nothing
    const other = right[element]
    const shared = element === self || !other ? undefined : intersectionOfNodes(node, other)
    if (shared) result[element] = shared
  }
  return result
}

function intersectionOfNodes(left: FieldSet, right: FieldSet): FieldSet | undefined {
  const member = isMember(left) && isMember(right)
  return withMembership(intersection(left, right), member)
}

/** A node with `children` that is a member or not; undefined when nothing is left of it. */
function withMembership(children: FieldSet, member: boolean): FieldSet | undefined {
  if (isEmptySet(children)) return member ? nothing : undefined
  return member ? asMember(children) : children
}

/** Members of `left` that are none of `right`; what lies below a member of `right` stays. `left` itself when all stay. */
export function difference(left: FieldSet, right: FieldSet): FieldSet {
  return subtract(left, right, differenceOfNodes)
}

function differenceOfNodes(left: FieldSet, right: FieldSet): FieldSet | undefined {
  const member = isMember(left)
  const stays = member && !isMember(right)
  const children = below(left)
  const rest = difference(children, right)
  return stays === member && rest === children ? left : withMembership(rest, stays)
}

/** As `difference`, but a member of `right` takes away also what lies below it. */
export function recursiveDifference(left: FieldSet, right: FieldSet): FieldSet {
  return subtract(left, right, recursiveDifferenceOfNodes)
}

function recursiveDifferenceOfNodes(left: FieldSet, right: FieldSet): FieldSet | undefined {
  if (isMember(right)) return undefined
  const children = below(left)
  const rest = recursiveDifference(children, right)
  return rest === children ? left : withMembership(rest, isMember(left))
}

type SubtractNodes = (left: FieldSet, right: FieldSet) => FieldSet | undefined

function subtract(left: FieldSet, right: FieldSet, subtractNodes: SubtractNodes): FieldSet {
  if (isEmptySet(right)) return left
  // Built anew: an object that keys are deleted from becomes a slow one.
  const result: Draft = {}
  let isChanged = false
  for (const element in left) {
    const node = left[element] ?? nothing
    const other = right[element]
    const rest = element === self || !other ? node : subtractNodes(node, other)
    if (rest !== node) isChanged = true
    if (rest) result[element] = rest
  }
  return isChanged ? result : left
}

/** What `pattern` names, with all below its leaves; `*` in it stands for any element. */
export function onlyMatching(set: FieldSet, pattern: FieldSet): FieldSet {
  const result: Draft = {}
  for (const element in set) {
    const node = set[element] ?? nothing
    const wanted = pattern[element] ?? pattern['*']
    if (element === self || !wanted) continue
    const rest = isEmptySet(wanted) ? node : withMembership(onlyMatching(below(node), wanted), isMember(node))
    if (rest) result[element] = rest
  }
  return result
}

/** Members that have no members below them. */
export function leaves(set: FieldSet): FieldSet {
  const result: Draft = {}
  for (const element in set) if (element !== self) result[element] = leaves(set[element] ?? nothing)
  return result
}

export function equalSets(left: FieldSet, right: FieldSet): boolean {
  if (left === right) return true
  let count = 0
  for (const element in left) {
    const other = right[element]
    if (!other || !equalSets(left[element] ?? nothing, other)) return false
    count++
  }
  for (const _ in right) count--
  return count === 0
}

/** All members of `part` are members of `whole`. */
export function isSubset(part: FieldSet, whole: FieldSet): boolean {
  return part === whole || isEmptySet(difference(part, whole))
}

/** Each member's path: at every level first its members, then what lies below them. */
export function* pathsOf(set: FieldSet, prefix: readonly string[] = []): Generator<readonly string[]> {
  const elements = Object.keys(set).filter((element) => element !== self)
  for (const element of elements) if (isMember(set[element] ?? nothing)) yield [...prefix, element]
  for (const element of elements) yield* pathsOf(set[element] ?? nothing, [...prefix, element])
}

/**
 * The node with its own elements in the order of the real server; itself when they are. All sets are in that order, so
 * whoever makes a node of parts calls this; what only leaves elements out need not.
 */
export function inOrder(node: FieldSet): FieldSet {
  let previous: string | undefined
  for (const element in node) {
    if (previous !== undefined && (element === self || (previous !== self && compareElements(previous, element) > 0))) {
      return sorted(node)
    }
    previous = element
  }
  return node
}

function sorted(node: FieldSet): FieldSet {
  const result: Draft = node[self] ? { [self]: nothing } : {}
  const elements = Object.keys(node).filter((element) => element !== self)
  for (const element of elements.sort(compareElements)) result[element] = node[element] ?? nothing
  return result
}

/** Reads `fieldsV1`; throws a plain Error with the reason when it is none. Kinds of elements that we do not know go. */
export function parseFieldSet(json: unknown): FieldSet {
  if (json === undefined || json === null) return nothing
  return below(parseNode(json) ?? nothing)
}

function parseNode(json: unknown): FieldSet {
  if (json === null) return nothing
  if (!isJsonObject(json)) throw new Error(`fieldsV1 has ${Array.isArray(json) ? 'an array' : `a ${typeof json}`}`)
  const result: Draft = {}
  for (const key of Object.keys(json)) {
    if (key === self) {
      result[self] = nothing
      continue
    }
    const element = canonicalElement(key)
    if (element !== undefined) result[element] = parseNode(json[key])
  }
  // A node whose only content is its own membership is a leaf.
  return result[self] !== undefined && isEmptySet(below(result)) ? nothing : inOrder(result)
}
