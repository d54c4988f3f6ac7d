import { chain, type MaybePromise } from '../../base/maybe-promise.ts'
import { forbidden, notFound } from '../../meta/api-errors.ts'
import type { KubeObject } from '../../meta/object.ts'
import type { Guard } from '../../storage/backend.ts'
import { objectKey } from '../../storage/keys.ts'
import type { ResourceScope } from './object-store.ts'
import type { StoreParts } from './store-parts.ts'

const namespaces = { group: '', resource: 'namespaces' }

/**
 * That an object's namespace exists and takes new objects. The guard makes a create lose against whoever marks or removes
 * the namespace meanwhile; losing to any other change of the namespace costs one more try and no conflict.
 */
export function guardNamespace(
  { cache }: StoreParts,
  scope: ResourceScope,
  namespace: string,
  name: string,
): MaybePromise<Guard | undefined> {
  if (!scope.definition.namespaced) return undefined
  const address = { logicalCluster: scope.logicalCluster, ...namespaces, namespace: '', name: namespace }
  return chain(cache.get(address), (found) => {
    if (!found) throw notFound(namespaces, namespace)
    if (isTerminating(found.parsed)) throw terminating(scope, namespace, name)
    return { key: objectKey(address), revision: found.revision }
  })
}

function isTerminating(namespace: KubeObject): boolean {
  if (namespace.metadata.deletionTimestamp) return true
  const status = namespace['status'] as { phase?: unknown } | undefined
  return status?.phase === 'Terminating'
}

function terminating({ definition }: ResourceScope, namespace: string, name: string): Error {
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`
  const message = `namespace ${namespace} is being terminated`
  return forbidden(definition, name, why, [{ reason: 'NamespaceTerminating', message, field: 'metadata.namespace' }])
}
