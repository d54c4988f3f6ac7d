import { isDeepStrictEqual } from 'node:util'
import type { Source } from '../../controller/controller.ts'
import { informerSource } from '../../controller/informer-source.ts'
import type { Informer } from '../../informer/informer.ts'
import type { KubeObject } from '../../meta/object.ts'

/** Whether two versions of an object ask for the same. Their status is a controller's own writing. */
export function asksForTheSame({ metadata: a }: KubeObject, { metadata: b }: KubeObject): boolean {
  return (
    a.uid === b.uid &&
    a.generation === b.generation &&
    a.deletionTimestamp === b.deletionTimestamp &&
    isDeepStrictEqual([a.labels, a.annotations, a.finalizers], [b.labels, b.annotations, b.finalizers])
  )
}

/** Requests for the objects of an informer that ask for something else than before. */
export function specSource<T extends KubeObject>(informer: Informer<T>): Source {
  return informerSource(informer, (event) =>
    event.type === 'updated' && asksForTheSame(event.previous, event.object) ? [] : [event.key],
  )
}
