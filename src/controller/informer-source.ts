import type { Informer, InformerEvent } from '../informer/informer.ts'
import type { KubeObject } from '../meta/object.ts'
import type { ReconcileRequest, Source } from './controller.ts'

/** Requests from an informer's events; by default the object itself. */
export function informerSource<T extends KubeObject>(
  informer: Informer<T>,
  toRequests: (event: InformerEvent<T>) => readonly ReconcileRequest[] = ({ key }) => [key],
): Source {
  return {
    async start(sink) {
      informer.onEvent((event) => {
        for (const request of toRequests(event)) sink.enqueue(request)
      })
      await informer.synced
    },
  }
}
