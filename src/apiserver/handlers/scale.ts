import type { ApiResponse } from '../../client/transport.ts'
import { badRequest, internalError, invalid, staleObject } from '../../meta/api-errors.ts'
import { fieldInvalid } from '../../meta/field-error.ts'
import { toApiVersion } from '../../meta/group-version.ts'
import { formatLabelSelector, type LabelSelector } from '../../meta/label-selector.ts'
import { applyPatch } from '../../meta/managed-fields/apply-patch.ts'
import { fromScaleManagedFields, type ReplicasPaths, toScaleManagedFields } from '../../meta/managed-fields/scale.ts'
import { trackUpdate } from '../../meta/managed-fields/track-update.ts'
import type { JsonObject, KubeObject } from '../../meta/object.ts'
import type { ResourceScope } from '../../registry/generic/object-store.ts'
import type { ResourceDefinition, ScaleDefinition } from '../../registry/resource-definition.ts'
import { builtinSchema } from '../../registry/schema/builtin-schemas.ts'
import { isJsonObject, ownField, setField } from '../../registry/schema/json-value.ts'
import { completeObject, decodeObject, dropUnknown, reportPatched } from '../decode-object.ts'
import type { Exchange } from '../exchange.ts'
import type { ServerParts } from '../server-parts.ts'
import { respondValue } from '../write-object.ts'
import { parseWriteOptions, type WriteOptions } from '../write-options.ts'
import { type PatchBody, patchDocument, readPatch } from './patch.ts'
import { admitMutating, admitValidating, checkNames, namespaceOf, writeContext } from './write-support.ts'

const scaleKind = { group: 'autoscaling', version: 'v1', kind: 'Scale' }
const scaleVersion = toApiVersion(scaleKind)

/** GET, PUT and PATCH of `/scale`: the replicas of any kind, seen as one kind. */
export async function handleScale(
  parts: ServerParts,
  exchange: Exchange,
  scope: ResourceScope,
  scale: ScaleDefinition,
): Promise<ApiResponse> {
  const own = scaleScope(scope)
  const { method } = exchange.request
  const { name } = exchange.info
  const namespace = namespaceOf(exchange, scope)
  if (method === 'GET' || method === 'HEAD') {
    const object = parts.store.toVersion(scope, await parts.store.get(scope, namespace, name))
    if (scope.definition.custom) requireReplicas(scale, object)
    return respondValue(parts, exchange, own, toScale(scale, object), 200)
  }
  const patch = method === 'PATCH' ? readPatch(exchange, own) : undefined
  const options = parseWriteOptions(exchange, patch ? 'PatchOptions' : 'UpdateOptions', patch?.type === 'apply')
  const result = await parts.store.update(scope, {
    namespace,
    name,
    context: writeContext(exchange, options.dryRun),
    async next(current) {
      const live = current as KubeObject
      const wanted = wantedScale(parts, exchange, own, { scale, scope, patch, options }, live)
      checkNames(exchange, scope, wanted)
      const { resourceVersion } = wanted.metadata
      if (resourceVersion && resourceVersion !== live.metadata.resourceVersion)
        throw staleObject(scope.definition, name)
      const object = withReplicas(scale, live, replicasOf(wanted))
      delete object.metadata.resourceVersion
      carryOwners(scope, scale, object, live, wanted)
      await admitMutating(parts, exchange, scope, options.dryRun, object, live)
      return object
    },
    admit: admitValidating(parts, exchange, scope, options.dryRun),
    derived: true,
  })
  return respondValue(parts, exchange, own, toScale(scale, parts.store.toVersion(scope, result.object)), 200)
}

/** Scale as a resource of its own, for decoding and answering. */
function scaleScope({ logicalCluster, definition }: ResourceScope): ResourceScope {
  const { group, version, kind } = scaleKind
  const served = { version, schema: builtinSchema(group, version, kind), columns: [], selectableFields: new Map() }
  const own: ResourceDefinition = {
    ...definition,
    group,
    kind,
    listKind: 'ScaleList',
    custom: false,
    versions: [served],
    strategy: {},
  }
  return { logicalCluster, definition: own, version: served }
}

interface ScaleWrite {
  readonly scale: ScaleDefinition
  readonly scope: ResourceScope
  readonly patch: PatchBody | undefined
  readonly options: WriteOptions
}

/** The Scale that the request asks for, with its managedFields: who owns the replicas. */
function wantedScale(
  parts: ServerParts,
  exchange: Exchange,
  own: ResourceScope,
  { scale, scope, patch, options }: ScaleWrite,
  current: KubeObject,
): KubeObject {
  const live = toScale(scale, current)
  const owners = toScaleManagedFields(current.metadata.managedFields, replicasPaths(scope, scale))
  if (owners) live.metadata.managedFields = owners
  const nowSeconds = Math.floor(parts.clock.now() / 1000)
  const { schema } = own.version
  const management = { schema, apiVersion: scaleVersion, subresource: 'scale', live, nowSeconds }
  const { manager, force } = options
  if (patch?.type === 'apply') {
    const applied = patch.value
    if (!isJsonObject(applied)) throw badRequest('error decoding YAML: the body is not an object')
    const result = applyPatch({
      ...management,
      applied: structuredClone(applied),
      kind: scaleKind.kind,
      manager,
      force,
    })
    const object = completeObject(own, structuredClone(result.object) as unknown as JsonObject)
    if (result.managedFields) object.metadata.managedFields = result.managedFields
    delete object.metadata.resourceVersion
    return object
  }
  const updated = patch
    ? patchScale(exchange, own, patch, options, live)
    : decodeObject(exchange, own, options.fieldValidation)
  const managedFields = trackUpdate({ ...management, updated, manager })
  if (managedFields) updated.metadata.managedFields = managedFields
  else delete updated.metadata.managedFields
  return updated
}

function patchScale(
  exchange: Exchange,
  own: ResourceScope,
  patch: PatchBody,
  { fieldValidation }: WriteOptions,
  live: KubeObject,
): KubeObject {
  const { patched, problems } = patchDocument(live as unknown as JsonObject, patch, own, fieldValidation !== 'Ignore')
  if (!isJsonObject(patched)) throw badRequest('the patched document is not an object')
  reportPatched(exchange, own, dropUnknown(own, patched, problems), fieldValidation)
  return completeObject(own, patched)
}

function carryOwners(
  { definition, version }: ResourceScope,
  scale: ScaleDefinition,
  object: KubeObject,
  live: KubeObject,
  wanted: KubeObject,
): void {
  const managedFields = fromScaleManagedFields({
    object: live.metadata.managedFields,
    scale: wanted.metadata.managedFields,
    paths: replicasPaths({ definition }, scale),
    apiVersion: toApiVersion({ group: definition.group, version: version.version }),
  })
  if (managedFields) object.metadata.managedFields = managedFields
  else delete object.metadata.managedFields
}

function replicasPaths({ definition }: Pick<ResourceScope, 'definition'>, scale: ScaleDefinition): ReplicasPaths {
  const { group, versions } = definition
  return new Map(versions.map(({ version }) => [toApiVersion({ group, version }), scale.specReplicasPath]))
}

/** An autoscaler must not take a custom resource that does not say how many it wants for one that wants none. */
function requireReplicas({ specReplicasPath }: ScaleDefinition, object: KubeObject): void {
  if (valueAt(object, specReplicasPath) !== undefined) return
  throw internalError(`the spec replicas field ".${specReplicasPath.join('.')}" does not exist`)
}

function toScale(scale: ScaleDefinition, object: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const replicas = valueAt(object, scale.specReplicasPath)
  const selector = scale.selector ? scale.selector(object) : builtinSelector(object)
  const statusReplicas = valueAt(object, scale.statusReplicasPath)
  return {
    kind: scaleKind.kind,
    apiVersion: scaleVersion,
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(creationTimestamp ? { creationTimestamp } : {}),
    },
    spec: typeof replicas === 'number' && replicas !== 0 ? { replicas } : {},
    status: {
      replicas: typeof statusReplicas === 'number' ? statusReplicas : 0,
      ...(selector === '' ? {} : { selector }),
    },
  }
}

function builtinSelector(object: KubeObject): string {
  const selector = valueAt(object, ['spec', 'selector'])
  if (!isJsonObject(selector)) return ''
  const isPlainMap = selector['matchLabels'] === undefined && selector['matchExpressions'] === undefined
  const whole: LabelSelector = isPlainMap ? { matchLabels: selector as Record<string, string> } : selector
  return formatLabelSelector(whole)
}

function replicasOf(wanted: KubeObject): number {
  const replicas = valueAt(wanted, ['spec', 'replicas']) ?? 0
  if (typeof replicas === 'number' && replicas >= 0) return replicas
  const error = fieldInvalid('spec.replicas', replicas, 'must be greater than or equal to 0')
  throw invalid(scaleKind, wanted.metadata.name ?? '', [error])
}

function withReplicas({ specReplicasPath }: ScaleDefinition, object: KubeObject, replicas: number): KubeObject {
  const copy = structuredClone(object)
  let at = copy as unknown as JsonObject
  for (const field of specReplicasPath.slice(0, -1)) {
    const next = ownField(at, field)
    const inner: JsonObject = isJsonObject(next) ? next : {}
    if (inner !== next) setField(at, field, inner)
    at = inner
  }
  setField(at, specReplicasPath.at(-1) ?? 'replicas', replicas)
  return copy
}

function valueAt(object: unknown, path: readonly string[]): unknown {
  let value = object
  for (const field of path) {
    if (!isJsonObject(value)) return undefined
    value = ownField(value, field)
  }
  return value
}
