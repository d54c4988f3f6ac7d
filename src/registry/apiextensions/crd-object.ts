import type { Condition, JsonObject, KubeObject } from '../../meta/object.ts'

/**
 * A CustomResourceDefinition of apiextensions.k8s.io/v1, as it is once its types are checked and its defaults are filled
 * in. https://kubernetes.io/docs/reference/kubernetes-api/extend-resources/custom-resource-definition-v1/
 */
export interface CrdObject extends KubeObject {
  spec: CrdSpec
  status?: CrdStatus
}

export interface CrdSpec {
  group: string
  names: CrdNames
  scope: string
  versions: CrdVersion[]
  conversion?: CrdConversion
  preserveUnknownFields?: boolean
}

export interface CrdNames {
  plural: string
  singular?: string
  kind: string
  listKind?: string
  shortNames?: string[]
  categories?: string[]
}

export interface CrdVersion {
  name: string
  served: boolean
  storage: boolean
  deprecated?: boolean
  deprecationWarning?: string
  schema?: { openAPIV3Schema?: JsonObject }
  subresources?: CrdSubresources
  additionalPrinterColumns?: CrdColumn[]
  selectableFields?: { jsonPath: string }[]
}

export interface CrdSubresources {
  status?: JsonObject
  scale?: CrdScale
}

/** Paths such as `.spec.replicas`. */
export interface CrdScale {
  specReplicasPath: string
  statusReplicasPath: string
  labelSelectorPath?: string
}

export interface CrdColumn {
  name: string
  type: string
  format?: string
  description?: string
  priority?: number
  jsonPath: string
}

export interface CrdConversion {
  strategy: string
  webhook?: JsonObject
}

export interface CrdStatus {
  conditions?: Condition[]
  acceptedNames?: CrdNames
  storedVersions?: string[]
}

export const crdGroup = 'apiextensions.k8s.io'
export const crdResource = 'customresourcedefinitions'
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io'

export function findCondition({ status }: CrdObject, type: string): Condition | undefined {
  return status?.conditions?.find((condition) => condition.type === type)
}

export function isConditionTrue(crd: CrdObject, type: string): boolean {
  return findCondition(crd, type)?.status === 'True'
}

/** Its resource is served. */
export function isEstablished(crd: CrdObject): boolean {
  return isConditionTrue(crd, 'Established')
}

export function storageVersionOf({ versions }: CrdSpec): string {
  return versions.find(({ storage }) => storage)?.name ?? ''
}

/** Names under which objects of the type are stored and addressed never change; `plural` and `kind` of a served type neither. */
export function servedNames(crd: CrdObject): Required<CrdNames> {
  const { plural, singular, kind, listKind, shortNames, categories } = {
    ...crd.spec.names,
    ...crd.status?.acceptedNames,
  }
  return {
    plural,
    singular: singular ?? kind.toLowerCase(),
    kind,
    listKind: listKind ?? `${kind}List`,
    shortNames: shortNames ?? [],
    categories: categories ?? [],
  }
}
