import { logicalClusterAnnotation } from '../../meta/logical-cluster.ts'
import { childClusterFinalizer, fleetGroup, internalPrefix } from '../../meta/fleet/fleet-names.ts'
import { tenancyGroup, workspaceFinalizer } from '../../registry/tenancy/workspace-crd.ts'
import { isOwnPart, isSystemMaster } from '../authentication/identity.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { admissionForbidden } from './refuse.ts'

type MetadataMap = 'labels' | 'annotations'

/** Keys of kcp's domains that users are meant to set. */
const usersOwn = new Set([
  'apiexports.apis.kcp.io/skip-endpointslice',
  'experimental.quota.kcp.io/cluster-scoped',
  'experimental.tenancy.kcp.io/is-mount',
])

/** Finalizers that bring a logical cluster to its end: without them it would outlive its object, reachable by its name. */
const holdingFinalizers: ReadonlyMap<string, string> = new Map([
  [`${tenancyGroup}/workspaces`, workspaceFinalizer],
  [`${fleetGroup}/childclusters`, childClusterFinalizer],
])

/**
 * Labels and annotations below `internal.fleet.atoll.dev/` and kcp's domains are the hub's own: whoever is neither one
 * of its parts nor its administrator gets 403 for adding or changing one. One that is left out, as a plain PUT does, stays
 * as it was; an administrator can take those of kcp's domains away. The same holds for the finalizer of what has a
 * logical cluster of its own.
 * Must be the first of the plugins that mutate: what comes behind it is the hub's own doing.
 */
export const reservedMetadata: AdmissionPlugin = {
  name: 'ReservedMetadata',
  handles: ({ operation, subresource }) => operation === 'UPDATE' || (operation === 'CREATE' && subresource === ''),
  mutate(attributes) {
    const { user } = attributes
    if (isOwnPart(user)) return
    dropEcho(attributes)
    const isAdministrator = isSystemMaster(user)
    for (const field of ['labels', 'annotations'] as const) {
      if (!isAdministrator) refuseChanges(attributes, field)
      keepLeftOut(attributes, field, isAdministrator ? isInternal : isReservedKey)
    }
    if (!isAdministrator) keepFinalizer(attributes)
  },
}

const isInternal = (key: string): boolean => key.startsWith(internalPrefix)

/** Whether only the hub may write labels and annotations of that key. */
export function isReservedKey(key: string): boolean {
  if (isInternal(key)) return true
  const slash = key.indexOf('/')
  const domain = slash < 0 ? '' : key.slice(0, slash)
  return (domain === 'kcp.io' || domain.endsWith('.kcp.io')) && !usersOwn.has(key)
}

/** Somebody sends back what a wildcard answer showed. */
function dropEcho({ object, logicalCluster }: AdmissionAttributes): void {
  const annotations = object?.metadata.annotations
  if (isMap(annotations) && annotations[logicalClusterAnnotation] === logicalCluster)
    delete annotations[logicalClusterAnnotation]
}

function refuseChanges(attributes: AdmissionAttributes, field: MetadataMap): void {
  const { object, oldObject } = attributes
  const given = object?.metadata[field]
  if (!isMap(given)) return
  const before = oldObject?.metadata[field]
  for (const key of Object.keys(given)) {
    if (!isReservedKey(key) || (before && Object.hasOwn(before, key) && before[key] === given[key])) continue
    throw admissionForbidden(attributes, `modification of reserved ${field.slice(0, -1)}: ${JSON.stringify(key)}`)
  }
}

function keepLeftOut(
  { object, oldObject }: AdmissionAttributes,
  field: MetadataMap,
  isKept: (key: string) => boolean,
): void {
  const before = oldObject?.metadata[field]
  if (!before || !object) return
  const given = object.metadata[field]
  const kept = Object.entries(before).filter(([key]) => isKept(key) && !(isMap(given) && Object.hasOwn(given, key)))
  if (kept.length > 0) object.metadata[field] = { ...(isMap(given) ? given : {}), ...Object.fromEntries(kept) }
}

function keepFinalizer({ object, oldObject, group, resource }: AdmissionAttributes): void {
  const finalizer = holdingFinalizers.get(`${group}/${resource}`)
  if (!object || finalizer === undefined || !oldObject?.metadata.finalizers?.includes(finalizer)) return
  const given: unknown = object.metadata.finalizers ?? []
  // What is no list, validation refuses.
  if (Array.isArray(given) && !given.includes(finalizer))
    object.metadata.finalizers = [...(given as string[]), finalizer]
}

/** Admission may see an object before it was validated. */
function isMap(value: unknown): value is Record<string, string> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
