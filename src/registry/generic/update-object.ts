import { badRequest, conflict, invalid, notFound, staleObject } from '../../meta/api-errors.ts'
import { endpointFields } from '../../meta/managed-fields/endpoint-fields.ts'
import { settleTimes } from '../../meta/managed-fields/settle-times.ts'
import type { KubeObject, ObjectMeta } from '../../meta/object.ts'
import { lifecycleKey, objectKey } from '../../storage/keys.ts'
import type { CachedObject } from '../../storage/object-cache.ts'
import { toItemBytes } from '../../storage/stored-value.ts'
import type { OperationContext } from '../resource-definition.ts'
import { equalJson } from '../schema/json-value.ts'
import { type Commit, commit } from './commit.ts'
import { createObject } from './create-object.ts'
import { DetachedObject } from './detached-object.ts'
import { type Found, findForWrite } from './find-object.ts'
import {
  countsAsNewGeneration,
  generationRuleOf,
  hasFinalizers,
  keepSystemMetadata,
  setOwnField,
  statusFieldsOf,
} from './object-metadata.ts'
import type { ObjectPart, ResourceScope, UpdateRequest, WriteResult } from './object-store.ts'
import { encodeTombstone } from './overlay.ts'
import { maxAttempts, operationContext, type StoreParts } from './store-parts.ts'
import { addressOf, encodeStored, toStored, toVersion } from './stored-form.ts'
import { missingResourceVersion, validateChange } from './validate-object.ts'

export async function updateObject(
  parts: StoreParts,
  scope: ResourceScope,
  request: UpdateRequest,
): Promise<WriteResult> {
  const { namespace, name, context, part } = request
  const operation = operationContext(parts, scope, namespace, context, part?.subresource)
  const first = await attempt(parts, scope, request, operation)
  if (first) return first
  // Others write the same object: from here on they wait for each other instead of losing to each other.
  const release = await parts.turns.take(objectKey(addressOf(scope, namespace, name)))
  try {
    for (let count = 2; count <= maxAttempts; count++) {
      const result = await attempt(parts, scope, request, operation)
      if (result) return result
    }
  } finally {
    release()
  }
  throw conflict(scope.definition, name, 'the object changes too fast; please try again')
}

/** Undefined when another writer was faster. */
async function attempt(
  parts: StoreParts,
  scope: ResourceScope,
  request: UpdateRequest,
  operation: OperationContext,
): Promise<WriteResult | undefined> {
  const found = await findForWrite(parts, scope, request.namespace, request.name)
  if (found.object) return tryUpdate(parts, scope, request, operation, found, found.object)
  if (!request.createWhenAbsent) throw notFound(scope.definition, request.name)
  return tryCreateWanted(parts, scope, request)
}

/** Undefined when somebody else created it meanwhile. */
async function tryCreateWanted(
  parts: StoreParts,
  scope: ResourceScope,
  { namespace, context, admit, next }: UpdateRequest,
): Promise<WriteResult | undefined> {
  const object = await next(undefined)
  delete object.metadata.resourceVersion
  try {
    return await createObject(parts, scope, { namespace, object, context, ...(admit ? { admit } : {}) })
  } catch (error) {
    const found = await findForWrite(parts, scope, namespace, object.metadata.name ?? '')
    if (found.object) return undefined
    throw error
  }
}

/** Undefined when another writer was faster. */
async function tryUpdate(
  parts: StoreParts,
  scope: ResourceScope,
  request: UpdateRequest,
  operation: OperationContext,
  found: Found,
  current: CachedObject,
): Promise<WriteResult | undefined> {
  const { definition } = scope
  const { name, context, part } = request
  const previous = toVersion(scope, current)
  const object = await request.next(previous)
  const basedOn = readBase(object)
  checkBase(scope, request, object, previous, current)
  prepare(scope, object, previous, part, operation)
  const strategy = part ? part.strategy : definition.strategy
  object.metadata.resourceVersion = String(current.revision)
  const errors = validateChange(scope, strategy, object, previous, operation)
  if (errors.length > 0) throw invalid(definition, name, errors)
  for (const text of strategy?.warnings?.(object, previous) ?? []) context.warn(text)
  ;(strategy?.canonicalize ?? definition.strategy.canonicalize)?.(object)
  await request.admit?.(object, previous)

  settleTimes(previous, object)
  const stored = toStored(scope, object)
  const value = encodeStored(stored)
  const goes = isReadyToGo(scope, object)
  if (!goes && isUnchanged(current, stored, value)) return { object: current, created: false, deleted: false }
  const result = (revision: number): WriteResult => ({
    object: new DetachedObject(current.key, revision, current.createRevision, toItemBytes(value, revision)),
    created: false,
    deleted: goes,
  })
  if (context.dryRun) return result(current.revision)
  const lifecycle = await parts.lifecycles.read(scope.logicalCluster)
  if (!lifecycle) throw notFound(definition, name)
  const address = addressOf(scope, request.namespace, name)
  const write: Commit = {
    identity: definition.identity,
    address,
    lifecycle,
    basedOn: found.stored?.revision ?? 0,
    previous: found.stored ? previous.metadata : undefined,
    next: goes ? undefined : object.metadata,
    value: goes ? remains(scope, request.namespace, name) : value,
  }
  const committed = await commit(parts, write)
  if (committed.ok) return result(committed.revision)
  if (committed.lost === lifecycleKey(scope.logicalCluster)) parts.lifecycles.forget(scope.logicalCluster)
  else if (committed.lost === objectKey(address) && basedOn) throw staleObject(definition, name)
  return undefined
}

/** What stands in the place of a removed object: a tombstone where the overlay has one of that name. */
export function remains(
  { definition }: Pick<ResourceScope, 'definition'>,
  namespace: string,
  name: string,
): Uint8Array | undefined {
  return definition.overlay?.objects.has(`${namespace}/${name}`) ? encodeTombstone(name) : undefined
}

/** The revision that the writer has seen; `0` is none. Throws 400 for what cannot be one. */
function readBase({ metadata }: KubeObject): string | undefined {
  const { resourceVersion } = metadata
  if (!resourceVersion) return undefined
  if (!/^[0-9]{1,20}$/.test(resourceVersion))
    throw badRequest(
      `metadata.resourceVersion: strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`,
    )
  if (/^0+$/.test(resourceVersion)) {
    delete metadata.resourceVersion
    return undefined
  }
  return resourceVersion
}

function checkBase(
  { definition }: ResourceScope,
  { name, derived }: UpdateRequest,
  object: KubeObject,
  previous: KubeObject,
  current: CachedObject,
): void {
  const { resourceVersion, uid } = object.metadata
  if (uid && uid !== previous.metadata.uid && !derived)
    throw uidMismatch(definition, name, uid, previous.metadata.uid ?? '')
  if (!resourceVersion) {
    const allowed = definition.strategy.allowUnconditionalUpdate ?? !definition.custom
    // As upstream says it here, and nowhere else: by the resource, not by the kind.
    const { group, resource: kind } = definition
    if (!allowed && !derived) throw invalid({ group, kind }, name, [missingResourceVersion()])
  } else if (resourceVersion !== String(current.revision)) throw staleObject(definition, name)
}

function uidMismatch(definition: ResourceScope['definition'], name: string, wanted: string, actual: string): Error {
  return conflict(
    definition,
    name,
    `Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${actual}`,
  )
}

/** What this endpoint does not write stays as it was. */
function prepare(
  scope: ResourceScope,
  object: KubeObject,
  previous: KubeObject,
  part: ObjectPart | undefined,
  operation: OperationContext,
): void {
  const { definition, version } = scope
  const statusFields = statusFieldsOf(definition, version)
  if (part?.type === 'status')
    keepAllBut(statusFields.length > 0 ? statusFields : ['status'], object, previous, keptMetadata(definition))
  keepSystemMetadata(object.metadata, previous.metadata)
  if (!part) for (const field of statusFields) keepField(object, previous, field)
  const strategy = part ? part.strategy : definition.strategy
  strategy?.prepareForUpdate?.(object, previous, operation)
  const rule = generationRuleOf(definition, version)
  // A write past the kind's rules (a pod's binding) is no wish of its own.
  const isCounted = part?.type !== 'part' || part.strategy !== undefined
  if (isCounted && countsAsNewGeneration(rule, object, previous, statusFields)) {
    object.metadata.generation = (previous.metadata.generation ?? 0) + 1
  }
}

/** Which metadata a status endpoint does not write: all of it, or some fields. */
function keptMetadata({ group, resource, custom }: ResourceScope['definition']): 'all' | readonly (keyof ObjectMeta)[] {
  const { reset } = endpointFields({ group, resource, custom, hasStatus: true, subresource: 'status' })
  const metadata = reset?.['f:metadata']
  if (metadata === undefined) return []
  const fields = Object.keys(metadata)
  return fields.length === 0 ? 'all' : fields.map((field) => field.slice('f:'.length) as keyof ObjectMeta)
}

function keepAllBut(
  written: readonly string[],
  object: KubeObject,
  previous: KubeObject,
  kept: 'all' | readonly (keyof ObjectMeta)[],
): void {
  for (const field of new Set([...Object.keys(object), ...Object.keys(previous)])) {
    if (field !== 'metadata' && !written.includes(field)) keepField(object, previous, field)
  }
  if (kept !== 'all') {
    for (const field of kept) keepField(object.metadata, previous.metadata, field)
    return
  }
  const { managedFields } = object.metadata
  const { managedFields: _managedFields, ...rest } = previous.metadata
  object.metadata = managedFields ? { ...rest, managedFields } : rest
}

function keepField<T extends object>(object: T, previous: T, field: keyof T & string): void {
  if (Object.hasOwn(previous, field)) setOwnField(object, field, previous[field])
  else delete object[field]
}

/** The last finalizer of a terminating object is gone, and so is everything else that held it. */
function isReadyToGo({ definition }: ResourceScope, object: KubeObject): boolean {
  const { metadata } = object
  if (!metadata.deletionTimestamp || hasFinalizers(metadata)) return false
  return !metadata.deletionGracePeriodSeconds && definition.strategy.holdsDeletion?.(object) !== true
}

const storedRestOffset = 1 + '{"metadata":{'.length

function isUnchanged(current: CachedObject, stored: KubeObject, value: Uint8Array): boolean {
  const restOffset = `{"metadata":{"resourceVersion":"${current.revision}",`.length
  const rest = current.item.subarray(restOffset)
  if (Buffer.compare(rest, value.subarray(storedRestOffset)) === 0) return true
  const { resourceVersion: _revision, ...metadata } = current.parsed.metadata
  return equalJson(stored, { ...current.parsed, metadata })
}
