import { toApiVersion } from '../meta/group-version.ts'
import type { JsonObject, KubeObject } from '../meta/object.ts'
import { emptyObjectOf } from '../meta/managed-fields/empty-object.ts'
import { setOfPaths } from '../meta/managed-fields/field-set.ts'
import type { ConvertVersion, FieldManagement } from '../meta/managed-fields/ownership.ts'
import { statusFieldsOf } from '../registry/generic/object-metadata.ts'
import type { ResourceScope } from '../registry/generic/object-store.ts'
import type { ResourceDefinition, ResourceVersion } from '../registry/resource-definition.ts'

const known = new WeakMap<ResourceVersion, Map<string, FieldManagement>>()

/** How fields are owned on one endpoint of a resource; made once. `subresource` is empty on the main endpoint. */
export function fieldManagement({ definition, version }: ResourceScope, subresource: string): FieldManagement {
  let byEndpoint = known.get(version)
  if (!byEndpoint) known.set(version, (byEndpoint = new Map()))
  let management = byEndpoint.get(subresource)
  if (!management) byEndpoint.set(subresource, (management = makeManagement(definition, version, subresource)))
  return management
}

function makeManagement(
  definition: ResourceDefinition,
  version: ResourceVersion,
  subresource: string,
): FieldManagement {
  const statusFields = statusFieldsOf(definition)
  const paths = subresource === 'status' ? resetOnStatus(definition) : statusFields.map((field) => [field])
  return {
    schema: version.schema,
    apiVersion: toApiVersion({ group: definition.group, version: version.version }),
    ...(subresource === '' ? {} : { subresource }),
    ...(paths.length > 0 ? { reset: setOfPaths(...paths) } : {}),
    ...(definition.custom ? {} : { emptyObject: emptyObjectOf(version.schema) }),
    convert: converter(definition, version),
  }
}

function resetOnStatus({ custom }: ResourceDefinition): string[][] {
  return custom ? [['metadata'], ['spec']] : [['spec']]
}

function converter(definition: ResourceDefinition, from: ResourceVersion): ConvertVersion {
  const { group, versions } = definition
  return (object, apiVersion) => {
    const to = versions.find(({ version }) => toApiVersion({ group, version }) === apiVersion)
    if (!to) return undefined
    if (to === from || (!from.toStorage && !to.fromStorage)) return { object, schema: to.schema }
    const stored = from.toStorage ? from.toStorage(object as unknown as KubeObject) : (object as unknown as KubeObject)
    const converted = to.fromStorage ? to.fromStorage(stored) : stored
    return { object: converted as unknown as JsonObject, schema: to.schema }
  }
}
