import { isPromise, type MaybePromise } from '../../base/maybe-promise.ts'
import { placedFinalizer, placementLabel, targetsAnnotation } from '../../meta/fleet/fleet-names.ts'
import type { KubeObject } from '../../meta/object.ts'
import { isJsonObject } from '../../meta/patch/json-value.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'

/** uids of the child clusters that a new, labelled object is going to be delivered to; empty when that is not clear yet. */
export type ForeseenTargets = (attributes: AdmissionAttributes, object: KubeObject) => MaybePromise<readonly string[]>

/**
 * Puts on a labelled object, as it is created, what placement would first of all write on it: a write less until it is
 * delivered. Placement reads the mark before it relies on it and corrects it, so that nothing depends on the foresight.
 */
export function createPlacementMark(foresee: ForeseenTargets): AdmissionPlugin {
  return {
    name: 'PlacementMark',
    handles: ({ operation, subresource }) => operation === 'CREATE' && subresource === '',
    mutate(attributes) {
      const { object } = attributes
      if (!object || !isLabelled(object)) return
      const targets = foresee(attributes, object)
      if (isPromise(targets)) return targets.then((found) => mark(object, found))
      mark(object, targets)
    },
  }
}

/** With a label, and otherwise of a shape that can be marked: what is malformed, validation refuses. */
function isLabelled({ metadata }: KubeObject): boolean {
  const { labels, annotations = {}, finalizers = [] } = metadata as Record<string, unknown>
  if (!isJsonObject(labels) || !isJsonObject(annotations) || !Array.isArray(finalizers)) return false
  return typeof labels[placementLabel] === 'string' && labels[placementLabel] !== ''
}

function mark({ metadata }: KubeObject, targets: readonly string[]): void {
  if (targets.length === 0) return
  const { finalizers = [] } = metadata
  if (!finalizers.includes(placedFinalizer)) metadata.finalizers = [...finalizers, placedFinalizer]
  metadata.annotations = { ...metadata.annotations, [targetsAnnotation]: targets.join(',') }
}
