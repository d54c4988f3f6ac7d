import type { PodTemplate } from './workload-types.ts'
import { sortKeys } from './workload-status.ts'

export const templateHashLabel = 'pod-template-hash'

/** A short name for a pod template; `collisionCount` gives another one when it is taken by a different template. */
export function hashTemplate(template: PodTemplate, collisionCount = 0): string {
  return shortHash(`${canonicalTemplate(template)}${collisionCount || ''}`)
}

/** Whether two templates make the same pods, the hash label aside. Both must come from an API server, with defaults. */
export function isSameTemplate(a: PodTemplate, b: PodTemplate): boolean {
  return canonicalTemplate(a) === canonicalTemplate(b)
}

function canonicalTemplate({ metadata, spec }: PodTemplate): string {
  const { [templateHashLabel]: _hash, ...labels } = metadata?.labels ?? {}
  const annotations = metadata?.annotations ?? {}
  return JSON.stringify(sortKeys({ labels, annotations, spec }))
}

const alphabet = 'bcdfghjklmnpqrstvwxz2456789' // no vowels: no words appear by chance

/** FNV-1a over UTF-16 code units, each decimal digit's character mapped to one that may stand in a name. */
export function shortHash(text: string): string {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0
  return String(hash).replaceAll(/\d/g, (digit) => alphabet.charAt(digit.charCodeAt(0) % alphabet.length))
}
