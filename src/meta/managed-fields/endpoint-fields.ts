import type { GroupResource } from '../group-version.ts'
import { toQualifiedResource } from '../group-version.ts'
import { type FieldSet, setOfPaths } from './field-set.ts'

/** Which fields an endpoint lets through to storage, and so to ownership. */
export interface EndpointFields {
  /** These are reset. */
  readonly reset?: FieldSet | undefined
  /** All but these are reset; `*` stands for any item. */
  readonly only?: FieldSet | undefined
}

export interface Endpoint extends GroupResource {
  /** Absent on the main endpoint. */
  readonly subresource?: string | undefined
  readonly custom: boolean
  readonly hasStatus: boolean
}

const status = setOfPaths(['status'])
const spec = setOfPaths(['spec'])
const specAndMetadata = setOfPaths(['spec'], ['metadata'])

/** Whose status endpoint keeps all metadata as it is; all others let some of it through. */
const metadataKept = new Set([
  'apiservices.apiregistration.k8s.io',
  'flowschemas.flowcontrol.apiserver.k8s.io',
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io',
  'resourceclaims.resource.k8s.io',
  'servicecidrs.networking.k8s.io',
  'storageversionmigrations.storagemigration.k8s.io',
  'validatingadmissionpolicies.admissionregistration.k8s.io',
  'volumeattachments.storage.k8s.io',
])

/** Endpoints that differ from the rule, by resource and subresource. */
const exceptions = new Map<string, EndpointFields>([
  ['certificatesigningrequests.certificates.k8s.io', { reset: setOfPaths(['spec'], ['status']) }],
  ['certificatesigningrequests.certificates.k8s.io/status', { reset: setOfPaths(['spec'], ['status', 'conditions']) }],
  [
    'certificatesigningrequests.certificates.k8s.io/approval',
    { reset: setOfPaths(['spec'], ['status', 'certificate']) },
  ],
  ['deployments.apps/status', { reset: setOfPaths(['spec'], ['metadata', 'labels']) }],
  ['namespaces/finalize', { reset: status }],
  ['pods/status', { reset: setOfPaths(['spec'], ['metadata', 'deletionTimestamp'], ['metadata', 'ownerReferences']) }],
  ['pods/ephemeralcontainers', { only: setOfPaths(['spec', 'ephemeralContainers']) }],
  ['pods/resize', { only: resizable('containers', 'initContainers') }],
])

function resizable(...lists: readonly string[]): FieldSet {
  const parts = { '*': { 'f:resources': {}, 'f:resizePolicy': {} } }
  return { 'f:spec': Object.fromEntries(lists.map((list) => [`f:${list}`, parts])) }
}

/** As in `GetResetFields` of Kubernetes 1.36: status belongs to its own endpoint, and that one to status. */
export function endpointFields({ group, resource, subresource, custom, hasStatus }: Endpoint): EndpointFields {
  const name = toQualifiedResource({ group, resource })
  const exception = exceptions.get(subresource === undefined ? name : `${name}/${subresource}`)
  if (exception) return exception
  if (subresource === undefined) return hasStatus ? { reset: status } : {}
  if (subresource !== 'status') return {}
  return { reset: custom || metadataKept.has(name) ? specAndMetadata : spec }
}
