import type { KubeObject } from '../../src/meta/object.ts'
import type { OperationContext, ResourceDefinition, ResourceVersion } from '../../src/registry/resource-definition.ts'
import { generationRuleOf, statusFieldsOf } from '../../src/registry/generic/object-metadata.ts'
import { applySchemaDefaults } from '../../src/registry/schema/apply-schema-defaults.ts'
import { checkTypes } from '../../src/registry/schema/check-types.ts'
import { pruneUnknownFields } from '../../src/registry/schema/prune-unknown-fields.ts'

/**
 * What a create makes of an object before it is stored, by definition, schema and strategy alone: what the object store
 * does around them (uid, timestamps, managedFields) is left out.
 */
export function createdObject(
  { definition, version }: { definition: ResourceDefinition; version: ResourceVersion },
  input: KubeObject,
): KubeObject {
  const object = structuredClone(input)
  if (definition.namespaced) object.metadata.namespace ??= 'default'
  object.metadata.uid = '00000000-0000-4000-8000-000000000000'
  pruneUnknownFields(object, version.schema)
  const reason = checkTypes(object, version.schema)
  if (reason !== undefined) throw new Error(reason)
  applySchemaDefaults(object, version.schema)
  const { strategy } = definition
  strategy.applyDefaults?.(object, version.version)
  for (const field of statusFieldsOf(definition)) object[field] = {}
  strategy.prepareForCreate?.(object, contextOf(object, version.version))
  strategy.canonicalize?.(object)
  if (generationRuleOf(definition, version) !== 'none') object.metadata.generation = 1
  const stored = version.toStorage ? version.toStorage(object) : object
  return version.fromStorage ? version.fromStorage(stored) : stored
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
