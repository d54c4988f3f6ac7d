import type { AdmissionAttributes, AdmissionOperation, AdmissionPlugin } from '../admission/admission.ts'
import type { KubeObject } from '../../meta/object.ts'

export interface AdmissionRequest extends Partial<Omit<AdmissionAttributes, 'object' | 'oldObject'>> {
  object?: KubeObject | undefined
  oldObject?: KubeObject | undefined
}

/** Attributes with everything but what a test is about filled in. */
export function admissionAttributes(request: AdmissionRequest): AdmissionAttributes {
  const operation: AdmissionOperation = request.oldObject ? 'UPDATE' : 'CREATE'
  return {
    operation,
    group: '',
    version: 'v1',
    resource: 'configmaps',
    kind: 'ConfigMap',
    subresource: '',
    logicalCluster: 'one',
    user: { name: 'alice', groups: ['system:authenticated'] },
    namespace: 'web',
    name: request.object?.metadata.name ?? '',
    object: undefined,
    oldObject: undefined,
    dryRun: false,
    warn: () => {},
    ...request,
  }
}

/** Both phases of one plugin, when it wants them at all; answers with the object. */
export async function admit(plugin: AdmissionPlugin, request: AdmissionRequest): Promise<KubeObject | undefined> {
  const attributes = admissionAttributes(request)
  if (!plugin.handles(attributes)) return attributes.object
  await plugin.mutate?.(attributes)
  await plugin.validate?.(attributes)
  return attributes.object
}
