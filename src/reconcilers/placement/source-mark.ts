import { placedFinalizer, selectedByAnnotation, targetsAnnotation } from '../../meta/fleet/fleet-names.ts'
import type { KubeObject } from '../../meta/object.ts'
import type { SourceMark } from './placement-steps.ts'

export function targetsOf({ metadata }: KubeObject): string[] {
  const text = metadata.annotations?.[targetsAnnotation] ?? ''
  return text === '' ? [] : text.split(',')
}

export function markOf(object: KubeObject): SourceMark {
  return {
    finalizer: object.metadata.finalizers?.includes(placedFinalizer) === true,
    targets: targetsOf(object),
    selectedBy: object.metadata.annotations?.[selectedByAnnotation],
  }
}

export function isMarked(object: KubeObject, targets: readonly string[], selectedBy: string | undefined): boolean {
  const mark = markOf(object)
  return mark.finalizer && mark.selectedBy === selectedBy && mark.targets.join(',') === targets.join(',')
}
