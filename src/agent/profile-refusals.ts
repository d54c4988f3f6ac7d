import { type DeliverySource, maxDeliveredBytes } from '../meta/fleet/delivery.ts'
import { internalPrefix, managedLabel } from '../meta/fleet/fleet-names.ts'
import type { JsonObject } from '../meta/object.ts'
import { member, recordAt, textAt } from './json-access.ts'
import { baselineViolations, podTemplateOf } from './pod-security-baseline.ts'
import { refuse, type Refusal } from './refusal.ts'

const namedViolations = 3 // enough to see what kind of thing it is

/** Kinds that a workspace never gets on a shared child, whatever the profile's ClusterRole grants. */
const neverApplied = new Set([
  '/Namespace',
  '/Node',
  '/PersistentVolume',
  '/Event',
  'events.k8s.io/Event',
  '/Endpoints',
  'discovery.k8s.io/EndpointSlice',
  'coordination.k8s.io/Lease',
])

/** What may not be delivered for a workspace, said before anything of it reaches the child. */
export function profileRefusal(source: DeliverySource, manifest: JsonObject): Refusal | undefined {
  return (
    reservedMetadata(manifest) ??
    forbiddenKind(source, manifest) ??
    forbiddenService(source, manifest) ??
    forbiddenPod(source, manifest)
  )
}

function reservedMetadata(manifest: JsonObject): Refusal | undefined {
  for (const field of ['labels', 'annotations'])
    for (const key of Object.keys(recordAt(manifest, 'metadata', field) ?? {}))
      if (key.startsWith(internalPrefix) || key === managedLabel)
        return refuse('ReservedMetadata', `metadata.${field}: ${key} is reserved`)
  return undefined
}

/** `manifest` is as it would be applied, with our marks. */
export function tooLarge(manifest: object): Refusal | undefined {
  const bytes = Buffer.byteLength(JSON.stringify(manifest))
  if (bytes <= maxDeliveredBytes) return undefined
  return refuse('TooLarge', `the object has ${bytes} bytes, and at most ${maxDeliveredBytes} can be delivered`)
}

function forbiddenKind({ group, kind, namespace }: DeliverySource, manifest: JsonObject): Refusal | undefined {
  if (namespace === '')
    return refuse('ForbiddenByProfile', `${kind} is cluster-scoped: only namespaced objects are delivered`)
  if (neverApplied.has(`${group}/${kind}`))
    return refuse('ForbiddenByProfile', `objects of kind ${kind} are not delivered`)
  const type = textAt(manifest, 'type') ?? ''
  if (group === '' && kind === 'Secret' && type === 'kubernetes.io/service-account-token')
    return refuse('ForbiddenByProfile', 'a Secret that asks for a ServiceAccount token is not delivered')
  return undefined
}

function forbiddenService({ group, kind }: DeliverySource, manifest: JsonObject): Refusal | undefined {
  if (group !== '' || kind !== 'Service') return undefined
  const externalIPs = member(recordAt(manifest, 'spec'), 'externalIPs')
  if (externalIPs === undefined || externalIPs === null || (Array.isArray(externalIPs) && externalIPs.length === 0))
    return undefined
  return refuse('ForbiddenByProfile', 'spec.externalIPs would take over addresses of others')
}

function forbiddenPod({ group, kind }: DeliverySource, manifest: JsonObject): Refusal | undefined {
  const template = podTemplateOf(group, kind, manifest)
  if (!template) return undefined
  const priorityClass = textAt(template.spec, 'priorityClassName') ?? ''
  if (priorityClass.startsWith('system-'))
    return refuse('ForbiddenByProfile', `${template.path}.priorityClassName: ${priorityClass} is the cluster's own`)
  const violations = baselineViolations(template)
  if (violations.length === 0) return undefined
  const more = violations.length > namedViolations ? ` and ${violations.length - namedViolations} more` : ''
  return refuse('PodSecurityViolation', violations.slice(0, namedViolations).join('; ') + more)
}
