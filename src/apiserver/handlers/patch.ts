import type { ApiResponse } from '../../client/transport.ts'
import { badRequest, conflict, invalid, unsupportedMediaType } from '../../meta/api-errors.ts'
import { fieldInvalid } from '../../meta/field-error.ts'
import { toApiVersion } from '../../meta/group-version.ts'
import { checkDepth, maxObjectDepth, parseJson, stringifyJson } from '../../meta/json.ts'
import { applyPatch } from '../../meta/managed-fields/apply-patch.ts'
import { withoutManagedFields } from '../../meta/managed-fields/ownership.ts'
import type { Json, JsonObject, KubeObject } from '../../meta/object.ts'
import { applyJsonPatch } from '../../meta/patch/json-patch.ts'
import { applyMergePatch } from '../../meta/patch/merge-patch.ts'
import { parseYamlStrictly } from '../../meta/yaml.ts'
import { applyStrategicMergePatch } from '../../meta/patch/strategic-merge-patch.ts'
import type { ObjectPart, ResourceScope } from '../../registry/generic/object-store.ts'
import { isJsonObject } from '../../registry/schema/json-value.ts'
import { bodyType, completeObject, dropUnknown, duplicateTexts, reportPatched } from '../decode-object.ts'
import type { Exchange } from '../exchange.ts'
import { fieldManagement } from '../field-management.ts'
import type { ServerParts } from '../server-parts.ts'
import { respondObject } from '../write-object.ts'
import { parseWriteOptions, type WriteOptions } from '../write-options.ts'
import {
  admitMutating,
  admitValidating,
  authorizeCreate,
  checkNames,
  namespaceOf,
  trackManagedFields,
  writeContext,
} from './write-support.ts'

const jsonPatch = 'application/json-patch+json'
const mergePatch = 'application/merge-patch+json'
const strategicPatch = 'application/strategic-merge-patch+json'
const applyPatchYaml = 'application/apply-patch+yaml'

/** A patch as it came, not yet applied to anything. */
export interface PatchBody {
  readonly type: 'json' | 'merge' | 'strategic' | 'apply'
  readonly value: Json
  readonly duplicates: readonly string[]
}

/** PATCH of an object, or of the part of it that a subresource writes. */
export async function handlePatch(
  parts: ServerParts,
  exchange: Exchange,
  scope: ResourceScope,
  part?: ObjectPart,
): Promise<ApiResponse> {
  const body = readPatch(exchange, scope)
  const options = parseWriteOptions(exchange, 'PatchOptions', body.type === 'apply')
  const { name } = exchange.info
  const subresource = part?.subresource ?? ''
  const result = await parts.store.update(scope, {
    namespace: namespaceOf(exchange, scope),
    name,
    context: writeContext(exchange, options.dryRun),
    async next(current) {
      if (!current) await authorizeCreate(parts, exchange)
      const object =
        body.type === 'apply'
          ? applyTo(parts, exchange, scope, subresource, body, options, current)
          : patchTo(parts, exchange, scope, subresource, body, options, current as KubeObject)
      await admitMutating(parts, exchange, scope, options.dryRun, object, current)
      return object
    },
    admit: admitValidating(parts, exchange, scope, options.dryRun),
    createWhenAbsent: body.type === 'apply' && part === undefined,
    derived: true,
    ...(part ? { part } : {}),
  })
  return respondObject(parts, exchange, scope, result.object, result.created ? 201 : 200)
}

/** Throws 415 for a form that the resource does not take, 400 for what cannot be read. */
export function readPatch(exchange: Exchange, { definition }: Pick<ResourceScope, 'definition'>): PatchBody {
  const { body } = exchange.request
  switch (bodyType(exchange)) {
    case jsonPatch:
      return { type: 'json', value: parseJson(body), duplicates: [] }
    case mergePatch:
      return { type: 'merge', value: parseJson(body, maxObjectDepth), duplicates: [] }
    case strategicPatch:
      if (definition.custom) break
      return { type: 'strategic', value: parseJson(body, maxObjectDepth), duplicates: [] }
    case applyPatchYaml: {
      const { value, duplicateFields } = parseYamlStrictly(body)
      return { type: 'apply', value, duplicates: duplicateTexts(duplicateFields) }
    }
  }
  const accepted = [jsonPatch, mergePatch, ...(definition.custom ? [] : [strategicPatch]), applyPatchYaml]
  throw unsupportedMediaType(accepted)
}

/** JSON, merge and strategic merge patches. */
function patchTo(
  parts: ServerParts,
  exchange: Exchange,
  scope: ResourceScope,
  subresource: string,
  body: PatchBody,
  options: WriteOptions,
  current: KubeObject,
): KubeObject {
  const strict = options.fieldValidation !== 'Ignore'
  const whole = current as unknown as JsonObject
  const document = leavesManagedFields(body) ? withoutManagedFields(whole) : whole
  const { patched, problems } = patchDocument(document, body, scope, strict)
  if (!isJsonObject(patched)) throw badRequest('the patched document is not an object')
  const refuse = (reason: string): Error => unfitPatch(exchange, scope, patched, reason)
  checkType(scope, patched, refuse)
  reportPatched(exchange, scope, dropUnknown(scope, patched, problems), options.fieldValidation)
  const object = completeObject(scope, patched, refuse)
  checkNames(exchange, scope, object)
  // A resourceVersion that the patch itself names is a precondition; the one that was there anyway is none.
  if (object.metadata.resourceVersion === current.metadata.resourceVersion && !namesRevision(body)) {
    delete object.metadata.resourceVersion
  }
  trackManagedFields(parts, scope, subresource, options, object, current)
  return object
}

/** The patched document, which shares nothing with `document`, and what strict decoding would refuse. */
export function patchDocument(
  document: JsonObject,
  body: PatchBody,
  { version }: ResourceScope,
  strict: boolean,
): { patched: Json; problems: readonly string[] } {
  const { duplicates } = body
  switch (body.type) {
    case 'json': {
      const { document: patched, strictErrors } = applyJsonPatch(document, body.value, { strict })
      checkDepth(patched) // the other forms cannot make an object deeper than it or they are
      return { patched, problems: [...duplicates, ...strictErrors] }
    }
    case 'strategic':
      return { patched: applyStrategicMergePatch(document, body.value, version.schema), problems: duplicates }
    default:
      return { patched: applyMergePatch(document, body.value, { strict }), problems: duplicates }
  }
}

/**
 * A merge patch that does not speak of managedFields is applied without them: often they are the largest part of an
 * object, and tracking who owns what begins with the stored ones where it finds none.
 */
function leavesManagedFields({ type, value }: PatchBody): boolean {
  if (type !== 'merge' || !isJsonObject(value)) return false
  const { metadata } = value
  return metadata === undefined || (isJsonObject(metadata) && metadata['managedFields'] === undefined)
}

function namesRevision({ value }: PatchBody): boolean {
  if (!isJsonObject(value)) return false
  const { metadata } = value
  return isJsonObject(metadata) && typeof metadata['resourceVersion'] === 'string'
}

/** The 422 of a patch after which an object could not be read. */
function unfitPatch({ info }: Exchange, { definition }: ResourceScope, patched: JsonObject, reason: string): Error {
  return invalid(definition, info.name, [fieldInvalid('patch', stringifyJson(patched), reason)])
}

function checkType(
  { definition, version }: ResourceScope,
  patched: JsonObject,
  refuse: (reason: string) => Error,
): void {
  const expected = toApiVersion({ group: definition.group, version: version.version })
  if (patched['apiVersion'] !== expected || patched['kind'] !== definition.kind) {
    throw refuse(`the patch may not change apiVersion (${expected}) or kind (${definition.kind})`)
  }
}

/** Server-side apply. */
function applyTo(
  parts: ServerParts,
  exchange: Exchange,
  scope: ResourceScope,
  subresource: string,
  body: PatchBody,
  options: WriteOptions,
  live: KubeObject | undefined,
): KubeObject {
  const applied = checkApplied(scope, exchange, body, live)
  const { duplicates } = body
  if (duplicates.length > 0 && options.fieldValidation === 'Strict') {
    throw badRequest(`error strict decoding patch: ${duplicates.join(', ')}`)
  }
  if (options.fieldValidation === 'Warn') for (const text of duplicates) exchange.warn(text)
  const result = applyPatch({
    live,
    applied,
    kind: scope.definition.kind,
    manager: options.manager,
    force: options.force,
    nowSeconds: Math.floor(parts.clock.now() / 1000),
    ...fieldManagement(scope, subresource),
  })
  // What comes back unchanged is the stored object itself, which nobody may change.
  const document = (result.unchanged ? structuredClone(result.object) : result.object) as unknown as JsonObject
  const object = completeObject(scope, document)
  if (result.managedFields) object.metadata.managedFields = result.managedFields
  else delete object.metadata.managedFields
  checkNames(exchange, scope, object)
  const { metadata } = applied
  const names = isJsonObject(metadata) && typeof metadata['resourceVersion'] === 'string'
  if (!names) delete object.metadata.resourceVersion
  return object
}

function checkApplied(
  { definition }: ResourceScope,
  { info }: Exchange,
  { value }: PatchBody,
  live: KubeObject | undefined,
): JsonObject {
  if (!isJsonObject(value)) throw badRequest('error decoding YAML: the body is not an object')
  const { metadata } = value
  const uid = isJsonObject(metadata) ? metadata['uid'] : undefined
  if (!live && typeof uid === 'string' && uid !== '') {
    const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`
    throw conflict(definition, info.name, why)
  }
  return structuredClone(value)
}
