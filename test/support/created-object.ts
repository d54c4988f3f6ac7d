import type { FieldError } from '../../src/meta/field-error.ts'
import type { KubeObject } from '../../src/meta/object.ts'
import type { OperationContext, ResourceDefinition, ResourceVersion } from '../../src/registry/resource-definition.ts'
import { generationRuleOf, statusFieldsOf } from '../../src/registry/generic/object-metadata.ts'
import { validateChange, validateNew } from '../../src/registry/generic/validate-object.ts'
import { applySchemaDefaults } from '../../src/registry/schema/apply-schema-defaults.ts'
import { checkTypes } from '../../src/registry/schema/check-types.ts'
import { pruneUnknownFields } from '../../src/registry/schema/prune-unknown-fields.ts'

export interface Place {
  readonly definition: ResourceDefinition
  readonly version: ResourceVersion
}

/**
 * What a create makes of an object before it is stored, by definition, schema and strategy alone: what the object store
 * does around them (uid, timestamps, managedFields) is left out.
 */
export function createdObject(place: Place, input: KubeObject): KubeObject {
  const { definition, version } = place
  const object = preparedObject(place, input)
  definition.strategy.canonicalize?.(object)
  if (generationRuleOf(definition, version) !== 'none') object.metadata.generation = 1
  const stored = version.toStorage ? version.toStorage(object) : object
  return version.fromStorage ? version.fromStorage(stored) : stored
}

/** What validation has against an object that is to be created. */
export function creationErrors(place: Place, input: KubeObject): readonly FieldError[] {
  const object = preparedObject(place, input)
  return validateNew({ logicalCluster: 'root', ...place }, object, contextOf(object, place.version.version))
}

/** What validation has against an update of what stands there. */
export function updateErrors(place: Place, previous: KubeObject, input: KubeObject): readonly FieldError[] {
  const { definition, version } = place
  const object = decodedObject(place, input)
  const context = contextOf(object, version.version)
  for (const field of statusFieldsOf(definition, version)) object[field] = previous[field]
  definition.strategy.prepareForUpdate?.(object, previous, context)
  return validateChange({ logicalCluster: 'root', ...place }, definition.strategy, object, previous, context)
}

function decodedObject({ definition, version }: Place, input: KubeObject): KubeObject {
  const object = structuredClone(input)
  if (definition.namespaced) object.metadata.namespace ??= 'default'
  pruneUnknownFields(object, version.schema)
  const reason = checkTypes(object, version.schema)
  if (reason !== undefined) throw new Error(reason)
  applySchemaDefaults(object, version.schema)
  definition.strategy.applyDefaults?.(object, version.version)
  return object
}

function preparedObject(place: Place, input: KubeObject): KubeObject {
  const { definition, version } = place
  const object = decodedObject(place, input)
  object.metadata.uid = '00000000-0000-4000-8000-000000000000'
  for (const field of statusFieldsOf(definition, version)) object[field] = {}
  definition.strategy.prepareForCreate?.(object, contextOf(object, version.version))
  return object
}

function contextOf(object: KubeObject, version: string): OperationContext {
  return {
    logicalCluster: 'root',
    user: { name: 'admin', uid: 'admin', groups: ['system:masters', 'system:authenticated'] },
    namespace: object.metadata.namespace ?? '',
    version,
    dryRun: true,
    nowMs: Date.now(),
    warn: () => undefined,
    reader: { get: () => undefined, list: () => [] },
  }
}
