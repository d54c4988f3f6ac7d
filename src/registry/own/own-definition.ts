import type { JsonObject, KubeObject } from '../../meta/object.ts'
import { customResourceDefinition } from '../custom/custom-resource-definition.ts'
import type { ResourceDefinition, Strategy } from '../resource-definition.ts'

/** The definition of one of our own kinds: its CRD says what it looks like, `added` what it does. */
export function ownDefinition(crd: JsonObject, added: Strategy): ResourceDefinition {
  const definition = customResourceDefinition(crd as unknown as KubeObject)
  const { group, resource, strategy } = definition
  // Every workspace has the same one, so the wildcard needs no schema to tell them apart.
  return { ...definition, identity: `${group}:${resource}`, strategy: combine(strategy, added) }
}

/** First what the schema asks for, then what the kind adds; what only one of them says is taken as it is. */
function combine(base: Strategy, added: Strategy): Strategy {
  const combined: Strategy = { ...base, ...added }
  return {
    ...combined,
    ...(base.prepareForCreate && added.prepareForCreate
      ? {
          prepareForCreate(object, context) {
            base.prepareForCreate?.(object, context)
            added.prepareForCreate?.(object, context)
          },
        }
      : {}),
    ...(base.validate && added.validate
      ? {
          validate: (object, context, previous) => [
            ...(base.validate?.(object, context, previous) ?? []),
            ...(added.validate?.(object, context, previous) ?? []),
          ],
        }
      : {}),
    ...(base.validateUpdate && added.validateUpdate
      ? {
          validateUpdate: (object, previous, context) => [
            ...(base.validateUpdate?.(object, previous, context) ?? []),
            ...(added.validateUpdate?.(object, previous, context) ?? []),
          ],
        }
      : {}),
  }
}
