import type { ApiResponse } from '../../client/transport.ts'
import { badRequest, invalid, staleObject } from '../../meta/api-errors.ts'
import { fieldInvalid } from '../../meta/field-error.ts'
import { formatLabelSelector, type LabelSelector } from '../../meta/label-selector.ts'
import type { JsonObject, KubeObject } from '../../meta/object.ts'
import type { ResourceScope } from '../../registry/generic/object-store.ts'
import type { ResourceDefinition, ScaleDefinition } from '../../registry/resource-definition.ts'
import { builtinSchema } from '../../registry/schema/builtin-schemas.ts'
import { isJsonObject, ownField, setField } from '../../registry/schema/json-value.ts'
import { completeObject, decodeObject, dropUnknown, reportPatched } from '../decode-object.ts'
import type { Exchange } from '../exchange.ts'
import type { ServerParts } from '../server-parts.ts'
import { respondValue } from '../write-object.ts'
import { parseWriteOptions } from '../write-options.ts'
import { patchDocument, readPatch } from './patch.ts'
import {
  admitMutating,
  admitValidating,
  checkNames,
  namespaceOf,
  trackManagedFields,
  writeContext,
} from './write-support.ts'

const scaleKind = { group: 'autoscaling', version: 'v1', kind: 'Scale' }

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
    const object = await parts.store.get(scope, namespace, name)
    return respondValue(
      parts,
      exchange,
      own,
      toScale(scope.definition, scale, parts.store.toVersion(scope, object)),
      200,
    )
  }
  const isPatch = method === 'PATCH'
  const patch = isPatch ? readPatch(exchange, own) : undefined
  const options = parseWriteOptions(exchange, isPatch ? 'PatchOptions' : 'UpdateOptions', patch?.type === 'apply')
  const wantedScale = (current: KubeObject): KubeObject => {
    if (!patch) return decodeObject(exchange, own, options.fieldValidation)
    const before = toScale(scope.definition, scale, current) as unknown as JsonObject
    // What a Scale is made of fits a merge: an apply of it differs only in who owns the replicas.
    const body = patch.type === 'apply' ? { ...patch, type: 'merge' as const } : patch
    const { patched, problems } = patchDocument(before, body, own, options.fieldValidation !== 'Ignore')
    if (!isJsonObject(patched)) throw badRequest('the patched document is not an object')
    reportPatched(exchange, own, dropUnknown(own, patched, problems), options.fieldValidation)
    return completeObject(own, patched)
  }
  const result = await parts.store.update(scope, {
    namespace,
    name,
    context: writeContext(exchange, options.dryRun),
    async next(current) {
      const live = current as KubeObject
      const wanted = wantedScale(live)
      checkNames(exchange, scope, wanted)
      const { resourceVersion } = wanted.metadata
      if (resourceVersion && resourceVersion !== live.metadata.resourceVersion)
        throw staleObject(scope.definition, name)
      const object = withReplicas(scope.definition, scale, live, replicasOf(wanted))
      delete object.metadata.resourceVersion
      trackManagedFields(parts, scope, 'scale', options, object, live)
      await admitMutating(parts, exchange, scope, options.dryRun, object, live)
      return object
    },
    admit: admitValidating(parts, exchange, scope, options.dryRun),
    derived: true,
  })
  const updated = parts.store.toVersion(scope, result.object)
  return respondValue(parts, exchange, own, toScale(scope.definition, scale, updated), 200)
}

/** Scale as a resource of its own, for decoding and answering. */
function scaleScope(scope: ResourceScope): ResourceScope {
  const { group, version, kind } = scaleKind
  const { definition } = scope
  const versions = [{ version, schema: builtinSchema(group, version, kind), columns: [], selectableFields: new Map() }]
  const scaleDefinition = { ...definition, group, kind, listKind: 'ScaleList', custom: false, versions, strategy: {} }
  return {
    logicalCluster: scope.logicalCluster,
    definition: scaleDefinition,
    version: versions[0] as ResourceScope['version'],
  }
}

function toScale({ kind, group }: ResourceDefinition, scale: ScaleDefinition, object: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const replicas = valueAt(object, scale.specReplicasPath)
  if (replicas === undefined && scale.selector === undefined && group !== '' && !isBuiltinReplicas(scale)) {
    throw badRequest(
      `the spec replicas field ${JSON.stringify(`.${scale.specReplicasPath.join('.')}`)} does not exist in ${kind}`,
    )
  }
  const selector = scale.selector ? scale.selector(object) : builtinSelector(object)
  const statusReplicas = valueAt(object, scale.statusReplicasPath)
  return {
    kind: scaleKind.kind,
    apiVersion: 'autoscaling/v1',
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

function isBuiltinReplicas({ specReplicasPath }: ScaleDefinition): boolean {
  return specReplicasPath.join('.') === 'spec.replicas'
}

function builtinSelector(object: KubeObject): string {
  const selector = valueAt(object, ['spec', 'selector'])
  if (!isJsonObject(selector)) return ''
  const isPlainMap = selector['matchLabels'] === undefined && selector['matchExpressions'] === undefined
  return formatLabelSelector((isPlainMap ? { matchLabels: selector } : selector) as LabelSelector)
}

function replicasOf(wanted: KubeObject): number {
  const replicas = valueAt(wanted, ['spec', 'replicas']) ?? 0
  if (typeof replicas !== 'number' || replicas < 0) {
    const error = fieldInvalid('spec.replicas', replicas, 'must be greater than or equal to 0')
    throw invalid(scaleKind, wanted.metadata.name ?? '', [error])
  }
  return replicas
}

function withReplicas(
  definition: ResourceDefinition,
  { specReplicasPath }: ScaleDefinition,
  object: KubeObject,
  replicas: number,
): KubeObject {
  const copy = structuredClone(object)
  let at = copy as unknown as JsonObject
  for (const field of specReplicasPath.slice(0, -1)) {
    const next = ownField(at, field)
    if (isJsonObject(next)) at = next
    else {
      const fresh: JsonObject = {}
      setField(at, field, fresh)
      at = fresh
    }
  }
  const last = specReplicasPath.at(-1)
  if (last === undefined) throw badRequest(`${definition.kind} has no replicas`)
  setField(at, last, replicas)
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
