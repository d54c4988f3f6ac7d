import type { JsonObject, KubeObject } from '../meta/object.ts'
import { fieldManager } from './child-names.ts'
import { isRecord } from './json-access.ts'

const maxDepth = 100 // a field set is as deep as the object; deeper ones are not read

/**
 * The fields that our last apply owns, as the server writes them down: JSON with a stable order; empty when we own none.
 *
 * This is also how drift is seen: the server takes a field out of this set when somebody else changes its value, so a
 * set equal to the one after our apply means that every value is still ours, with all defaulting done by the server.
 */
export function ownedFields({ metadata }: KubeObject): string {
  const entry = metadata.managedFields?.find(
    ({ manager, operation, subresource }) => manager === fieldManager && operation === 'Apply' && !subresource,
  )
  return entry?.fieldsV1 ? JSON.stringify(entry.fieldsV1) : ''
}

/** As paths in the words of a conflict's `field`: `.spec.template.spec.containers[name="web"].image`. */
export function toFieldPaths(fields: string): string[] {
  const paths: string[] = []
  if (fields !== '') collect(JSON.parse(fields) as JsonObject, '', 0, paths)
  return paths
}

function collect(fields: JsonObject, prefix: string, depth: number, paths: string[]): void {
  if (depth > maxDepth) return
  for (const [key, children] of Object.entries(fields)) {
    if (key === '.') continue
    const path = prefix + toPathElement(key)
    paths.push(path)
    if (isRecord(children)) collect(children, path, depth + 1, paths)
  }
}

/** `f:name`, `k:{"name":"web"}`, `v:"value"`, `i:0`: https://github.com/kubernetes-sigs/structured-merge-diff */
function toPathElement(key: string): string {
  const text = key.slice(2)
  if (key.startsWith('f:')) return `.${text}`
  if (key.startsWith('k:')) return `[${keyFields(text)}]`
  if (key.startsWith('v:')) return `[=${text}]`
  return `[${text}]`
}

function keyFields(text: string): string {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return text
  }
  if (!isRecord(parsed)) return text
  return Object.entries(parsed)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(',')
}

/** The innermost paths that were ours and no longer are. */
export function lostPaths(before: string, now: string): string[] {
  const kept = new Set(toFieldPaths(now))
  const lost = toFieldPaths(before).filter((path) => !kept.has(path))
  const outer = new Set(lost.flatMap(ancestorsOf))
  return lost.filter((path) => !outer.has(path))
}

function ancestorsOf(path: string): string[] {
  const found: string[] = []
  for (let index = 1; index < path.length; index++)
    if (path[index] === '.' || path[index] === '[') found.push(path.slice(0, index))
  return found
}
