import { placementLabel, placementStatusAnnotation, publicationAnnotation } from '../../meta/fleet/fleet-names.ts'
import type { Condition, KubeObject } from '../../meta/object.ts'
import { deliveryName } from '../placement/slot-names.ts'

const ownAnnotations = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  publicationAnnotation,
  placementStatusAnnotation,
])

/** A provider's CRD as others get it. With `owner`, marked as that publication's (`<provider>/<name>`). */
export function copyOf({ metadata, spec }: KubeObject, owner?: string): KubeObject {
  const { [placementLabel]: _, ...labels } = metadata.labels ?? {}
  const annotations = Object.fromEntries(
    Object.entries(metadata.annotations ?? {}).filter(([key]) => !ownAnnotations.has(key)),
  )
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: metadata.name ?? '',
      ...(metadata.labels ? { labels } : {}),
      annotations: { ...annotations, ...(owner === undefined ? {} : { [publicationAnnotation]: owner }) },
    },
    spec: structuredClone(spec),
  }
}

/** `<provider>/<name>` of the publication that a CRD belongs to. */
export function ownerOf({ metadata }: KubeObject): string | undefined {
  return metadata.annotations?.[publicationAnnotation]
}

export function nameOfOwner(owner: string): string {
  return owner.slice(owner.indexOf('/') + 1)
}

export function isEstablished({ status }: KubeObject): boolean {
  return conditionOf(status, 'Established')?.status === 'True'
}

/** Why a CRD is not served: most often a name that another one has. */
export function whyNotEstablished({ status }: KubeObject): string {
  const accepted = conditionOf(status, 'NamesAccepted')
  if (accepted?.status === 'False') return `${accepted.reason}: ${accepted.message}`
  return conditionOf(status, 'Established')?.message ?? 'it is not established yet'
}

function conditionOf(status: unknown, type: string): Condition | undefined {
  // A real server writes null where nothing has been said yet.
  const { conditions } = (status ?? {}) as { conditions?: Condition[] | null }
  return (conditions ?? []).find((condition) => condition.type === type)
}

/** The slot that brings a published CRD to a child cluster: what placement lets custom resources wait for. */
export function crdSlotName(provider: string, crdName: string): string {
  return deliveryName({
    logicalCluster: provider,
    group: 'apiextensions.k8s.io',
    resource: 'customresourcedefinitions',
    kind: '',
    namespace: '',
    name: crdName,
  })
}
