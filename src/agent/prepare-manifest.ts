import { createHash } from 'node:crypto'
import type { Delivery } from '../meta/fleet/delivery.ts'
import { deliveryAnnotation, managedLabel } from '../meta/fleet/fleet-names.ts'
import { fromApiVersion, type GroupVersionResource } from '../meta/group-version.ts'
import type { JsonObject, KubeObject } from '../meta/object.ts'
import { deliveryMark, sourceUidAnnotation } from './child-names.ts'
import { isRecord, recordAt, textAt } from './json-access.ts'
import { mapNamespaceReferences } from './namespace-references.ts'
import { profileRefusal, tooLarge } from './profile-refusals.ts'
import { refuse, type Refusal } from './refusal.ts'

/** A slot's object as it is to stand in the child. */
export interface PreparedObject {
  gvr: GroupVersionResource
  /** With our label and marks; without uid. */
  object: KubeObject
  /** SHA-256 of the object without our marks: what `status.appliedHash` says. */
  hash: string
}

export type Preparation = { ok: true; prepared: PreparedObject } | { ok: false; refusal: Refusal }

/** Where the slot's object is, or was, in the child; undefined when the slot has no manifest that would say. */
export function gvrOf({ spec }: Delivery): GroupVersionResource | undefined {
  const groupVersion = fromApiVersion(textAt(spec.manifest, 'apiVersion') ?? '')
  if (!groupVersion || groupVersion.group !== spec.source.group) return undefined
  return { ...groupVersion, resource: spec.source.resource }
}

/**
 * From a slot to the object that is applied: refusals first, then namespace and marks. `withoutReplicas` when an
 * autoscaler has been placed for it.
 */
export function prepareManifest(delivery: Delivery, withoutReplicas: boolean): Preparation {
  const { spec } = delivery
  const { source, manifest } = spec
  const no = (refusal: Refusal): Preparation => ({ ok: false, refusal })
  if (!manifest) return no(refuse('InvalidOnChild', 'the slot has no manifest'))
  const gvr = gvrOf(delivery)
  if (!gvr || textAt(manifest, 'kind') !== source.kind || textAt(manifest, 'metadata', 'name') !== source.name)
    return no(refuse('InvalidOnChild', 'the manifest is not of the object that the slot names'))
  const refused = spec.applyAs === 'workspace' ? profileRefusal(source, manifest) : undefined
  if (refused) return no(refused)
  const copy = structuredClone(manifest)
  const mapping = { from: source.namespace, to: spec.targetNamespace }
  const unmapped = mapNamespaceReferences(source.group, source.kind, copy, mapping)
  if (unmapped) return no(unmapped)
  if (withoutReplicas && isRecord(copy['spec'])) delete copy['spec']['replicas']
  const text = JSON.stringify(copy)
  const hash = createHash('sha256').update(text).digest('hex')
  const object = marked(delivery, copy)
  const oversized = tooLarge(object)
  return oversized ? no(oversized) : { ok: true, prepared: { gvr, object, hash } }
}

function marked(delivery: Delivery, { metadata, status: _status, ...rest }: JsonObject): KubeObject {
  const { spec } = delivery
  const labels = recordAt(metadata, 'labels') as Record<string, string> | undefined
  const annotations = recordAt(metadata, 'annotations') as Record<string, string> | undefined
  return {
    ...rest,
    metadata: {
      name: spec.source.name,
      ...(spec.targetNamespace === '' ? {} : { namespace: spec.targetNamespace }),
      labels: { ...labels, [managedLabel]: 'true' },
      annotations: {
        ...annotations,
        [deliveryAnnotation]: deliveryMark(delivery),
        [sourceUidAnnotation]: spec.sourceUid,
      },
    },
  }
}
