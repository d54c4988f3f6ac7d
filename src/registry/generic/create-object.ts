import {
  ApiStatusError,
  alreadyExists,
  conflict,
  failure,
  forbidden,
  invalid,
  notFound,
} from '../../meta/api-errors.ts'
import type { KubeObject } from '../../meta/object.ts'
import { generateName } from '../../meta/random-suffix.ts'
import { formatTime } from '../../meta/time.ts'
import { newUid } from '../../meta/uid.ts'
import type { Guard } from '../../storage/backend.ts'
import { lifecycleKey, objectKey } from '../../storage/keys.ts'
import { toItemBytes } from '../../storage/stored-value.ts'
import type { Companion, OperationContext } from '../resource-definition.ts'
import { type Commit, commit, companionPuts, type ExtraWrites, openingPut } from './commit.ts'
import { DetachedObject, parseItem } from './detached-object.ts'
import { findForWrite } from './find-object.ts'
import type { Lifecycle } from './logical-cluster-lifecycle.ts'
import { guardNamespace } from './namespace-guard.ts'
import { generationRuleOf, setOwnField, statusFieldsOf, wipeSystemMetadata } from './object-metadata.ts'
import type { CreateRequest, ResourceScope, WriteResult } from './object-store.ts'
import { maxAttempts, operationContext, type StoreParts } from './store-parts.ts'
import { addressOf, encodeStored, toStored } from './stored-form.ts'
import { validateNew } from './validate-object.ts'

const generateNameAttempts = 8

export async function createObject(
  parts: StoreParts,
  scope: ResourceScope,
  request: CreateRequest,
): Promise<WriteResult> {
  const { object, namespace, context } = request
  if (object.metadata.resourceVersion) throw plainError('resourceVersion should not be set on objects to be created')
  const operation = operationContext(parts, scope, namespace, context)
  const ground = await findGround(parts, scope, namespace, object.metadata.name ?? '')
  const prefix = object.metadata.name ? '' : (object.metadata.generateName ?? '')
  fillMetadata(parts, scope, object, namespace)
  if (prefix !== '') return createUnderNewName(parts, scope, request, { operation, ground, prefix })
  await prepareNew(scope, request, object, operation)
  const result = await tryCreate(parts, scope, { object, namespace, dryRun: context.dryRun, operation, ground })
  if (result) return result
  throw await taken(parts, scope, namespace, object.metadata.name ?? '')
}

/** Each try begins with what the client sent: labels, selectors and checks may depend on the name. */
async function createUnderNewName(
  parts: StoreParts,
  scope: ResourceScope,
  request: CreateRequest,
  { operation, ground, prefix }: Pick<NewObject, 'operation' | 'ground'> & { prefix: string },
): Promise<WriteResult> {
  const { namespace, context } = request
  for (let attempt = 1; ; attempt++) {
    const object = structuredClone(request.object)
    const name = generateName(prefix, parts.fillRandom)
    object.metadata.name = name
    await prepareNew(scope, request, object, operation)
    const result = await tryCreate(parts, scope, { object, namespace, dryRun: context.dryRun, operation, ground })
    if (result) return result
    if (attempt === generateNameAttempts) throw noUniqueName(scope, name)
  }
}

/** What the kind makes of a new object, and everything that is checked before it is stored. */
async function prepareNew(
  scope: ResourceScope,
  { context, admit }: CreateRequest,
  object: KubeObject,
  operation: OperationContext,
): Promise<void> {
  const { definition } = scope
  const { strategy } = definition
  for (const field of statusFieldsOf(definition, scope.version)) resetStatus(definition.custom, object, field)
  strategy.prepareForCreate?.(object, operation)
  const errors = validateNew(scope, object, operation)
  if (errors.length > 0) throw invalid(definition, object.metadata.name ?? '', errors)
  for (const text of strategy.warnings?.(object, undefined) ?? []) context.warn(text)
  strategy.canonicalize?.(object)
  await admit?.(object, undefined)
}

/** Upstream has no reason for what it did not expect. */
function plainError(message: string): ApiStatusError {
  return new ApiStatusError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 })
}

/** The lifecycle of a logical cluster that takes new objects. */
async function openLifecycle(parts: StoreParts, scope: ResourceScope, name: string): Promise<Lifecycle> {
  const lifecycle = await parts.lifecycles.read(scope.logicalCluster)
  if (!lifecycle) throw notFound(scope.definition, name)
  if (lifecycle.state === 'Terminating') throw forbidden(scope.definition, name, 'the workspace is being deleted')
  return lifecycle
}

/** Where an object is to be created. The commit guards that it is still so. */
interface Ground {
  readonly lifecycle: Lifecycle
  readonly namespaceGuard: Guard | undefined
}

async function findGround(parts: StoreParts, scope: ResourceScope, namespace: string, name: string): Promise<Ground> {
  const lifecycle = await openLifecycle(parts, scope, name)
  return { lifecycle, namespaceGuard: await guardNamespace(parts, scope, namespace, name) }
}

function fillMetadata(parts: StoreParts, scope: ResourceScope, object: KubeObject, namespace: string): void {
  const { metadata } = object
  wipeSystemMetadata(metadata)
  if (namespace !== '') metadata.namespace = namespace
  metadata.uid = newUid(parts.fillRandom)
  metadata.creationTimestamp = formatTime(parts.clock.now())
  if (generationRuleOf(scope.definition, scope.version) !== 'none') metadata.generation = 1
}

/** Status is written by its subresource alone. Go always writes a built-in's status, be it empty. */
function resetStatus(custom: boolean, object: KubeObject, field: string): void {
  if (custom) delete object[field]
  else setOwnField(object, field, {})
}

/** An object that is ready to be stored. */
interface NewObject {
  readonly object: KubeObject
  readonly namespace: string
  readonly dryRun: boolean
  readonly operation: OperationContext
  readonly ground: Ground
}

/** Undefined when the name is taken. */
async function tryCreate(
  parts: StoreParts,
  scope: ResourceScope,
  { object, namespace, dryRun, operation, ground }: NewObject,
): Promise<WriteResult | undefined> {
  const name = object.metadata.name ?? ''
  const address = addressOf(scope, namespace, name)
  const key = objectKey(address)
  const value = encodeStored(toStored(scope, object))
  // A tombstone stands where an overlay object was deleted; everywhere else the guard on an absent key says enough.
  const found = scope.definition.overlay || dryRun ? await findForWrite(parts, scope, namespace, name) : undefined
  if (found?.object) return undefined
  if (dryRun) return { object: new DetachedObject(key, 0, 0, value.subarray(1)), created: true, deleted: false }
  const companions = scope.definition.strategy.companions?.(object, operation)
  for (let attempt = 1, current = ground; attempt <= maxAttempts; attempt++) {
    const { lifecycle, namespaceGuard } = current
    const extra = extraWrites(parts, companions ?? [])
    if (namespaceGuard) extra.guards.push(namespaceGuard)
    const write: Commit = {
      identity: scope.definition.identity,
      address,
      lifecycle,
      basedOn: found?.stored?.revision ?? 0,
      previous: undefined,
      next: object.metadata,
      value,
      extra,
    }
    const result = await commit(parts, write)
    if (result.ok) {
      const item = toItemBytes(value, result.revision)
      return { object: new DetachedObject(key, result.revision, result.revision, item), created: true, deleted: false }
    }
    if (result.lost === key) return undefined
    if (result.lost === lifecycleKey(scope.logicalCluster)) parts.lifecycles.forget(scope.logicalCluster)
    else if (result.lost !== namespaceGuard?.key) throw companionTaken(scope, name, result.lost)
    current = await findGround(parts, scope, namespace, name)
  }
  throw conflict(scope.definition, name, 'its namespace changes too fast; please try again')
}

function extraWrites(parts: StoreParts, companions: readonly Companion[]): ExtraWrites {
  const extra: ExtraWrites = { guards: [], puts: [] }
  const opened = new Set<string>()
  for (const companion of companions) {
    const { logicalCluster } = companion
    if (companion.type === 'open-logical-cluster') {
      opened.add(logicalCluster)
      extra.guards.push({ key: lifecycleKey(logicalCluster), revision: 0 })
      extra.puts.push(openingPut(logicalCluster, parts.clock.now()))
    } else addCompanion(parts, companion, opened.has(logicalCluster), extra)
  }
  return extra
}

function addCompanion(
  parts: StoreParts,
  { logicalCluster, definition, object }: Companion & { type: 'object' },
  inNewLogicalCluster: boolean,
  extra: ExtraWrites,
): void {
  const version = definition.versions.find(({ version }) => version === definition.storageVersion)
  if (!version) throw new Error(`${definition.resource} does not serve its storage version`)
  const scope = { logicalCluster, definition, version }
  const complete = { ...object, metadata: { ...object.metadata } }
  const { namespace = '', name = '' } = complete.metadata
  fillMetadata(parts, scope, complete, namespace)
  const address = addressOf(scope, namespace, name)
  const value = encodeStored(toStored(scope, complete))
  // What is opened by the same transaction is empty: its own guard says so for every key in it.
  if (!inNewLogicalCluster) extra.guards.push({ key: objectKey(address), revision: 0 })
  extra.puts.push(...companionPuts(definition.identity, address, complete.metadata, value))
}

async function taken(parts: StoreParts, scope: ResourceScope, namespace: string, name: string): Promise<Error> {
  const { object } = await findForWrite(parts, scope, namespace, name)
  const isBeingDeleted = object && parseItem(object.item).metadata.deletionTimestamp
  return alreadyExists(scope.definition, name, isBeingDeleted ? 'object is being deleted: ' : '')
}

function noUniqueName({ definition }: ResourceScope, name: string): Error {
  const { status } = alreadyExists(definition, name)
  const message = `${status.message ?? ''}, the server was not able to generate a unique name for the object`
  const details = { ...status.details, retryAfterSeconds: 1 }
  return failure({ code: 409, reason: 'AlreadyExists', message, details })
}

function companionTaken({ definition }: ResourceScope, name: string, key: string): Error {
  return conflict(definition, name, `something that belongs to it exists already (${key}); please try again`)
}
