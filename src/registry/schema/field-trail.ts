import { badRequest } from '../../meta/api-errors.ts'
import { maxDocumentDepth } from './schema-node.ts'

/**
 * The way to a field, innermost step first. Walkers build it only when they have something to report, each level adding
 * its own step on the way out.
 */
export type Trail = Step[]
/** A field's name, an index of an array, or the key of a map. */
export type Step = string | number | { readonly key: string }

/** `spec.containers[0].image`, `spec.labels.a/b`: as decoders and schema errors write a path. */
export function trailToPath(trail: Trail): string {
  return joinSteps(trail, '', (key) => `.${key}`)
}

/** `spec.containers[0].image`, `spec.labels[a/b]`: as validation writes a path. */
export function trailToField(trail: Trail, prefix = ''): string {
  return joinSteps(trail, prefix, (key) => `[${key}]`)
}

function joinSteps(trail: Trail, prefix: string, keyText: (key: string) => string): string {
  let path = prefix
  for (let index = trail.length - 1; index >= 0; index--) {
    const step = trail[index] ?? ''
    if (typeof step === 'string') path = path === '' ? step : `${path}.${step}`
    else path += typeof step === 'number' ? `[${step}]` : keyText(step.key)
  }
  return path
}

/** Guards the stack of every walker. */
export function checkDepth(depth: number): void {
  if (depth > maxDocumentDepth) {
    throw badRequest(`the object is nested too deeply: at most ${maxDocumentDepth} levels are accepted`)
  }
}
