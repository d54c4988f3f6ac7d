import { conflict, notFound } from '../../meta/api-errors.ts'
import type { KubeObject, ObjectMeta } from '../../meta/object.ts'
import { formatTime } from '../../meta/time.ts'
import { lifecycleKey } from '../../storage/keys.ts'
import type { CachedObject } from '../../storage/object-cache.ts'
import { toItemBytes } from '../../storage/stored-value.ts'
import type { ResourceDefinition } from '../resource-definition.ts'
import { type Commit, commit } from './commit.ts'
import { DetachedObject } from './detached-object.ts'
import { findForWrite } from './find-object.ts'
import type { DeleteOptions, DeleteRequest, DeleteResult, ResourceScope } from './object-store.ts'
import { maxAttempts, operationContext, type StoreParts } from './store-parts.ts'
import { addressOf, encodeStored, toStored, toVersion } from './stored-form.ts'
import { remains } from './update-object.ts'

const orphanFinalizer = 'orphan'
const foregroundFinalizer = 'foregroundDeletion'

export async function deleteObject(
  parts: StoreParts,
  scope: ResourceScope,
  request: DeleteRequest,
): Promise<DeleteResult> {
  const { definition } = scope
  const { namespace, name, context, options } = request
  const operation = operationContext(parts, scope, namespace, context)
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    const { object: current, stored } = await findForWrite(parts, scope, namespace, name)
    if (!current) throw notFound(definition, name)
    const previous = toVersion(scope, current)
    checkPreconditions(definition, name, previous.metadata, options)
    definition.strategy.beforeDelete?.(previous, operation)
    await request.admit?.(undefined, previous)
    const marked = mark(definition, previous, options, parts.clock.now())
    if (marked === previous) return { object: current, gone: false }
    const outcome = marked ? encodeMarked(scope, current, marked) : undefined
    const last = outcome ? undefined : lastState(parts, scope, current, previous)
    if (context.dryRun) return { object: last ?? outcome?.at(current.revision) ?? current, gone: !marked }
    const lifecycle = await parts.lifecycles.read(scope.logicalCluster)
    if (!lifecycle) throw notFound(definition, name)
    const write: Commit = {
      identity: definition.identity,
      address: addressOf(scope, namespace, name),
      lifecycle,
      basedOn: stored?.revision ?? 0,
      previous: stored ? previous.metadata : undefined,
      next: marked?.metadata,
      value: outcome ? outcome.value : remains(scope, namespace, name),
    }
    const result = await commit(parts, write)
    if (result.ok) return { object: last ?? outcome?.at(result.revision) ?? current, gone: !marked }
    if (result.lost === lifecycleKey(scope.logicalCluster)) parts.lifecycles.forget(scope.logicalCluster)
  }
  throw conflict(definition, name, 'the object changes too fast; please try again')
}

function encodeMarked(scope: ResourceScope, current: CachedObject, marked: KubeObject) {
  const value = encodeStored(toStored(scope, marked))
  const at = (revision: number): CachedObject =>
    new DetachedObject(current.key, revision, current.createRevision, toItemBytes(value, revision))
  return { value, at }
}

/** What a DELETE answers that removes at once: kinds that end gracefully show that their time is over. */
function lastState(
  { clock }: StoreParts,
  scope: ResourceScope,
  current: CachedObject,
  previous: KubeObject,
): CachedObject {
  if (!scope.definition.strategy.gracePeriodSeconds) return current
  const { generation } = previous.metadata
  const metadata = {
    ...previous.metadata,
    ...(generation ? { generation: generation + 1 } : {}),
    deletionTimestamp: formatTime(clock.now()),
    deletionGracePeriodSeconds: 0,
  }
  return encodeMarked(scope, current, { ...previous, metadata }).at(current.revision)
}

function checkPreconditions(
  definition: ResourceDefinition,
  name: string,
  { uid = '', resourceVersion = '' }: ObjectMeta,
  { preconditions }: DeleteOptions,
): void {
  const hint = 'The object might have been deleted and then recreated'
  if (preconditions?.uid !== undefined && preconditions.uid !== uid) {
    const why = `the UID in the precondition (${preconditions.uid}) does not match the UID in record (${uid}). ${hint}`
    throw failedPrecondition(definition, name, why)
  }
  if (preconditions?.resourceVersion !== undefined && preconditions.resourceVersion !== resourceVersion) {
    const why = `the ResourceVersion in the precondition (${preconditions.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`
    throw failedPrecondition(definition, name, why)
  }
}

/** Upstream names the kind here, not the resource. */
function failedPrecondition({ group, kind }: ResourceDefinition, name: string, why: string): Error {
  return conflict({ group, resource: kind }, name, why)
}

/**
 * The object as it waits for its finalizers or its grace period; the object itself when it waits already and nothing
 * changes; undefined when nothing holds it.
 */
function mark(
  definition: ResourceDefinition,
  object: KubeObject,
  options: DeleteOptions,
  nowMs: number,
): KubeObject | undefined {
  const { strategy } = definition
  const { metadata } = object
  const finalizers = finalizersAfter(definition, metadata, options)
  const graceSeconds = strategy.gracePeriodSeconds?.(object, options.gracePeriodSeconds) ?? 0
  if (finalizers.length === 0 && graceSeconds <= 0 && strategy.holdsDeletion?.(object) !== true) return undefined
  const sameFinalizers = finalizers.join() === (metadata.finalizers ?? []).join()
  const isMarked = metadata.deletionTimestamp !== undefined
  // A second DELETE can only shorten the time that is left.
  const remainingSeconds = metadata.deletionGracePeriodSeconds ?? 0
  if (isMarked && sameFinalizers && graceSeconds >= remainingSeconds) return object
  const marked: KubeObject = structuredClone(object)
  if (finalizers.length > 0) marked.metadata.finalizers = finalizers
  else delete marked.metadata.finalizers
  if (!isMarked && metadata.generation) marked.metadata.generation = metadata.generation + 1
  if (!isMarked || graceSeconds < remainingSeconds) {
    marked.metadata.deletionTimestamp = formatTime(nowMs + graceSeconds * 1000)
    // Namespaces, which hold their own deletion, know no grace.
    if (!strategy.holdsDeletion) marked.metadata.deletionGracePeriodSeconds = graceSeconds
  }
  strategy.onMarkedForDeletion?.(marked)
  return marked
}

/** Which finalizers the propagation policy leaves: an explicit policy beats finalizers that stand there. */
function finalizersAfter(
  { strategy }: ResourceDefinition,
  { finalizers = [] }: ObjectMeta,
  { propagationPolicy }: DeleteOptions,
): string[] {
  const kept = finalizers.filter((finalizer) => finalizer !== orphanFinalizer && finalizer !== foregroundFinalizer)
  if (propagationPolicy === 'Orphan') return [...kept, orphanFinalizer]
  if (propagationPolicy === 'Foreground') return [...kept, foregroundFinalizer]
  if (propagationPolicy === 'Background') return kept
  const hasPolicy = kept.length < finalizers.length
  if (!hasPolicy && strategy.defaultPropagation === 'Orphan') return [...kept, orphanFinalizer]
  return [...finalizers]
}
