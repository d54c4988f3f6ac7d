import type { KubeObject } from '../../src/meta/object.ts'

/** The parts of a Status that say which fields are wrong. */
export interface Refusal {
  readonly message?: string
  readonly details?: { readonly causes?: readonly { reason?: string; message?: string; field?: string }[] }
}

/** Fields that upstream reports under another name than they have. */
const aliases = new Map([
  ['spec.cephFS', 'spec.cephfs'],
  ['spec.resources[storage]', 'spec.resources'],
  ['overhead.limits[podFixedKey]', 'overhead.podFixed'],
  ['metadata.taints[0].effect', 'spec.taints'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['source', 'deprecatedSource'],
  ['spec.clusterIPs[0]', 'spec.clusterIP'],
])

/**
 * Makes an object more acceptable to the server that refused it: a refused field gets the value that it has in
 * `template`, an acceptable object of the same kind, or is taken out together with what cannot be without it. Answers
 * false when it knows nothing more to do. For fixtures that fill every field with nonsense.
 */
export function repairObject(object: KubeObject, refusal: Refusal, template: KubeObject | undefined): boolean {
  const causes = refusal.details?.causes ?? []
  // Innermost and last first, so that indexes stay right.
  const fields = new Set<string>()
  const paths = causes.flatMap(({ field: reported, reason, message }) => {
    const field = aliases.get(reported ?? '') ?? reported
    if (!field || field === '<nil>' || fields.has(field)) return []
    fields.add(field)
    const required = reason === 'FieldValueRequired' || message?.startsWith('Required value') === true
    return [{ steps: parsePath(field), required }]
  })
  paths.sort(({ steps: a }, { steps: b }) => b.length - a.length || (b.join('.') < a.join('.') ? -1 : 1))
  let changed = false
  for (const { steps, required } of paths) changed = repairAt(object, steps, required, template) || changed
  return changed
}

function repairAt(object: KubeObject, path: readonly string[], required: boolean, template: unknown): boolean {
  const example = valueAt(template, path)
  if (example !== undefined && !equal(example, valueAt(object, path))) {
    // Up to the nearest thing that the object has.
    let depth = path.length
    while (depth > 1 && valueAt(object, path.slice(0, depth - 1)) === undefined) depth--
    return setAt(object, path.slice(0, depth), structuredClone(valueAt(template, path.slice(0, depth))))
  }
  // Another repair of this round has brought it.
  if (example !== undefined && required) return false
  return removeAt(object, required && path.length > 1 ? path.slice(0, -1) : path)
}

function equal(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}

function parsePath(field: string): string[] {
  return [...field.matchAll(/\[([^\]]*)\]|([^.[\]]+)/g)].map(([, index, name]) => index ?? name ?? '')
}

function valueAt(object: unknown, path: readonly string[]): unknown {
  let value = object
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<string, unknown>)[step]
  }
  return value
}

function setAt(object: unknown, path: readonly string[], value: unknown): boolean {
  const owner = valueAt(object, path.slice(0, -1))
  const last = path.at(-1)
  if (typeof owner !== 'object' || owner === null || last === undefined) return false
  ;(owner as Record<string, unknown>)[last] = value
  return true
}

/** Removes the value; where the path leads nowhere, the nearest thing that exists on its way. */
function removeAt(object: unknown, path: readonly string[]): boolean {
  const last = path.at(-1)
  const owner = valueAt(object, path.slice(0, -1))
  if (last === undefined) return false
  if (typeof owner !== 'object' || owner === null || !Object.hasOwn(owner, last)) {
    return path.length > 2 && removeAt(object, path.slice(0, -1))
  }
  if (Array.isArray(owner)) owner.splice(Number(last), 1)
  else delete (owner as Record<string, unknown>)[last]
  return true
}
