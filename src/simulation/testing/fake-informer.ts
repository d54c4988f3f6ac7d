import type { Informer, InformerEvent } from '../../informer/informer.ts'
import { toObjectKey } from '../../informer/informer.ts'
import type { KubeObject } from '../../meta/object.ts'
import { controllerOf } from '../simulation-informers.ts'

export interface FakeInformer<T extends KubeObject> extends Informer<T> {
  put(object: T): void
  remove(object: T): void
}

/** Holds what a test puts into it, with the indexes `owner` and `orphans`, and tells its listeners at once. */
export function createFakeInformer<T extends KubeObject>(...initial: readonly T[]): FakeInformer<T> {
  const objects = new Map(initial.map((object) => [idOf(object), object]))
  const listeners: ((event: InformerEvent<T>) => void)[] = []
  const emit = (event: InformerEvent<T>) => {
    for (const listener of listeners) listener(event)
  }
  return {
    synced: Promise.resolve(),
    hasSynced: true,
    start() {},
    onEvent: (listener) => void listeners.push(listener),
    get: ({ namespace = '', name }) => objects.get(`${namespace}/${name}`),
    list: () => [...objects.values()],
    byIndex: (index, value) =>
      [...objects.values()].filter((object) =>
        index === 'owner'
          ? controllerOf(object)?.uid === value
          : !controllerOf(object) && object.metadata.namespace === value,
      ),
    put(object) {
      const key = toObjectKey(object)
      const previous = objects.get(idOf(object))
      objects.set(idOf(object), object)
      emit(previous ? { type: 'updated', key, object, previous } : { type: 'added', key, object })
    },
    remove(object) {
      objects.delete(idOf(object))
      emit({ type: 'deleted', key: toObjectKey(object), object })
    },
  }
}

function idOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name ?? ''}`
}
