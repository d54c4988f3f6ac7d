import { internalPrefix, placementStatusAnnotation } from '../../meta/fleet/fleet-names.ts'
import type { JsonObject, KubeObject } from '../../meta/object.ts'
import { isJsonObject } from '../../meta/patch/json-value.ts'

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

/**
 * The object as a child is to have it: what the tenant wrote, without what belongs to this workspace (identity, status,
 * owners, finalizers) and without what a server allocates (cluster IPs, node ports, volume names, generated selectors).
 */
export function renderManifest(source: KubeObject, replicas?: number): JsonObject {
  const { apiVersion, kind, metadata, status: _status, ...rest } = source
  const manifest: JsonObject = {
    apiVersion: apiVersion ?? '',
    kind: kind ?? '',
    metadata: {
      name: metadata.name ?? '',
      ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      ...nonEmpty('labels', metadata.labels ?? {}),
      ...nonEmpty('annotations', withoutOwnAnnotations(metadata.annotations ?? {})),
    },
    ...(structuredClone(rest) as JsonObject),
  }
  strip(`${apiVersion ?? ''}/${kind ?? ''}`, manifest)
  if (replicas !== undefined && isJsonObject(manifest['spec'])) manifest['spec']['replicas'] = replicas
  return manifest
}

function strip(type: string, manifest: JsonObject): void {
  const { spec } = manifest
  if (!isJsonObject(spec)) return
  if (type === 'v1/Service') stripService(spec)
  if (type === 'v1/PersistentVolumeClaim') delete spec['volumeName']
  if (type === 'batch/v1/Job' && spec['manualSelector'] !== true) stripJob(spec)
}

function stripService(spec: JsonObject): void {
  // A headless Service stays headless; an allocated address means nothing elsewhere.
  if (spec['clusterIP'] !== 'None') {
    delete spec['clusterIP']
    delete spec['clusterIPs']
  }
  delete spec['healthCheckNodePort']
  delete spec['ipFamilies']
  delete spec['ipFamilyPolicy']
  if (Array.isArray(spec['ports'])) for (const port of spec['ports']) if (isJsonObject(port)) delete port['nodePort']
}

const generatedJobLabels = [
  'controller-uid',
  'batch.kubernetes.io/controller-uid',
  'job-name',
  'batch.kubernetes.io/job-name',
]

function stripJob(spec: JsonObject): void {
  delete spec['selector']
  const { template } = spec
  const labels =
    isJsonObject(template) && isJsonObject(template['metadata']) ? template['metadata']['labels'] : undefined
  if (isJsonObject(labels)) for (const label of generatedJobLabels) delete labels[label]
}

function withoutOwnAnnotations(annotations: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(annotations).filter(
      ([key]) => key !== lastApplied && key !== placementStatusAnnotation && !key.startsWith(internalPrefix),
    ),
  )
}

function nonEmpty(field: string, record: Record<string, string>): JsonObject {
  return Object.keys(record).length === 0 ? {} : { [field]: record }
}
