import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { AdmissionAttributes } from '../../access/admission/admission.ts'
import { resourceAttributes } from '../../access/authorization/attributes.ts'
import { forbiddenError } from '../../access/authorization/forbidden.ts'
import { badRequest } from '../../meta/api-errors.ts'
import { trackUpdate } from '../../meta/managed-fields/track-update.ts'
import type { KubeObject } from '../../meta/object.ts'
import type { ResourceScope, ValidatingAdmission, WriteContext } from '../../registry/generic/object-store.ts'
import type { Exchange } from '../exchange.ts'
import { fieldManagement } from '../field-management.ts'
import type { ServerParts } from '../server-parts.ts'
import type { WriteOptions } from '../write-options.ts'

export function writeContext({ user, warn }: Exchange, dryRun: boolean): WriteContext {
  return { user, dryRun, warn }
}

export function namespaceOf({ info }: Exchange, { definition }: ResourceScope): string {
  return definition.namespaced ? info.namespace : ''
}

export type Operation = AdmissionAttributes['operation']

export function admissionAttributes(
  exchange: Exchange,
  scope: ResourceScope,
  operation: Operation,
  dryRun: boolean,
  objects: { object?: KubeObject | undefined; oldObject?: KubeObject | undefined },
): AdmissionAttributes {
  const { info, user, warn } = exchange
  const { definition, version, logicalCluster } = scope
  return {
    operation,
    group: definition.group,
    resource: definition.resource,
    subresource: info.subresource,
    version: version.version,
    kind: definition.kind,
    logicalCluster,
    user,
    namespace: namespaceOf(exchange, scope),
    name: info.name === '' ? (objects.object?.metadata.name ?? objects.oldObject?.metadata.name ?? '') : info.name,
    object: objects.object,
    oldObject: objects.oldObject,
    dryRun,
    warn,
  }
}

/** Mutating admission; CREATE where nothing was before. */
export function admitMutating(
  parts: ServerParts,
  exchange: Exchange,
  scope: ResourceScope,
  dryRun: boolean,
  object: KubeObject,
  oldObject: KubeObject | undefined,
): MaybePromise<void> {
  dropDoubleOwners(exchange, object)
  const operation = oldObject ? 'UPDATE' : 'CREATE'
  return parts.admission.mutate(admissionAttributes(exchange, scope, operation, dryRun, { object, oldObject }))
}

/** An owner that is named twice in the same words is named once. */
function dropDoubleOwners(exchange: Exchange, { metadata }: KubeObject): void {
  const owners = metadata.ownerReferences
  if (!owners || owners.length < 2) return
  const doubles: string[] = []
  const seen = new Set<string>()
  const kept = owners.filter(({ apiVersion, kind, name, uid, controller, blockOwnerDeletion }) => {
    const words = JSON.stringify([apiVersion, kind, name, uid, controller, blockOwnerDeletion])
    if (seen.has(words)) doubles.push(uid)
    return seen.size < seen.add(words).size
  })
  if (doubles.length === 0) return
  metadata.ownerReferences = kept
  exchange.warn(
    '.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject ' +
      `such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${doubles.join(', ')}`,
  )
}

/** Validating admission of the final object. */
export function admitValidating(
  parts: ServerParts,
  exchange: Exchange,
  scope: ResourceScope,
  dryRun: boolean,
): ValidatingAdmission {
  return (object, oldObject) => {
    const operation = object ? (oldObject ? 'UPDATE' : 'CREATE') : 'DELETE'
    return parts.admission.validate(admissionAttributes(exchange, scope, operation, dryRun, { object, oldObject }))
  }
}

/** Writes down who owns what; before admission, so that fields which that sets are owned by nobody. */
export function trackManagedFields(
  parts: ServerParts,
  scope: ResourceScope,
  subresource: string,
  { manager }: WriteOptions,
  updated: KubeObject,
  live: KubeObject | undefined,
): void {
  const nowSeconds = Math.floor(parts.clock.now() / 1000)
  // Spread last: to what has been spread, V8 adds each further field by a slow path, microseconds in all.
  const entries = trackUpdate({ updated, live, manager, nowSeconds, ...fieldManagement(scope, subresource) })
  if (entries) updated.metadata.managedFields = entries
  else delete updated.metadata.managedFields
}

/** The namespace in the body must be that of the URL; an absent one becomes it. */
export function settleNamespace(object: KubeObject, namespace: string): void {
  const { metadata } = object
  if (namespace === '') {
    if (!metadata.namespace) delete metadata.namespace
    return
  }
  if (!metadata.namespace) metadata.namespace = namespace
  else if (metadata.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
}

/** The name and namespace in the body of an update or in a patched object must be those of the URL. */
export function checkNames(exchange: Exchange, scope: ResourceScope, object: KubeObject): void {
  const { name } = exchange.info
  const { metadata } = object
  settleNamespace(object, namespaceOf(exchange, scope))
  if (!metadata.name) {
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`)
  }
  if (metadata.name !== name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`)
  }
}

/** A PUT or an apply that creates needs the right to create. */
export async function authorizeCreate(parts: ServerParts, exchange: Exchange): Promise<void> {
  const { group, version, resource, namespace, name } = exchange.info
  const wanted = { group, version, resource, namespace, name }
  const attributes = resourceAttributes(exchange.user, exchange.logicalCluster, 'create', wanted)
  const { allowed, reason } = await parts.authorizer.authorize(attributes)
  if (!allowed) throw forbiddenError(attributes, reason)
}
