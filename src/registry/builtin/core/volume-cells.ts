import type { KubeObject } from '../../../meta/object.ts'
import { stringAt, stringsAt } from '../fields.ts'

const shortModes: readonly (readonly [string, string])[] = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
]

/** Access modes in a fixed order, each once, abbreviated. */
export function accessModesAt(object: KubeObject, ...path: readonly string[]): string {
  const modes = new Set(stringsAt(object, ...path))
  return shortModes.flatMap(([mode, short]) => (modes.has(mode) ? short : [])).join(',')
}

/** The storage class of a volume or claim: an old annotation goes before the field. */
export function storageClassOf(object: KubeObject): string {
  const annotation = 'volume.beta.kubernetes.io/storage-class'
  const annotations = object.metadata.annotations ?? {}
  if (Object.hasOwn(annotations, annotation)) return annotations[annotation] ?? ''
  return stringAt(object, 'spec', 'storageClassName')
}
