import { chain } from '../../base/maybe-promise.ts'
import { notFound } from '../../meta/api-errors.ts'
import type { KubeObject } from '../../meta/object.ts'
import { stringAt } from '../../registry/builtin/fields.ts'
import type { ObjectReader } from '../../registry/object-reader.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { admissionForbidden } from './refuse.ts'

const namespaces = { group: '', resource: 'namespaces' }

/**
 * Nothing is created in a namespace that is missing or going away. The store guards its writes against that by itself;
 * this tells it before other plugins read what is in the namespace, and for subresources that store nothing. A review of
 * access is answered for any namespace: whether it exists is not told to those who may not know.
 */
export function createNamespaceLifecycle(reader: ObjectReader): AdmissionPlugin {
  return {
    name: 'NamespaceLifecycle',
    handles: ({ operation, group, resource }) =>
      operation === 'CREATE' &&
      !(group === '' && resource === 'namespaces') &&
      !(group === 'authorization.k8s.io' && resource === 'localsubjectaccessreviews'),
    mutate(attributes) {
      const { logicalCluster, namespace } = attributes
      if (namespace === '') return
      const found = reader.get({ logicalCluster, ...namespaces, namespace: '', name: namespace })
      return chain(found, (object) => requireOpen(object, attributes))
    },
  }
}

function requireOpen(found: KubeObject | undefined, attributes: AdmissionAttributes): void {
  const { namespace } = attributes
  if (!found) throw notFound(namespaces, namespace)
  if (!found.metadata.deletionTimestamp && stringAt(found, 'status', 'phase') !== 'Terminating') return
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`
  const message = `namespace ${namespace} is being terminated`
  throw admissionForbidden(attributes, why, [{ reason: 'NamespaceTerminating', message, field: 'metadata.namespace' }])
}
