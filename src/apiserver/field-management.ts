import { toApiVersion } from '../meta/group-version.ts'
import type { JsonObject, KubeObject } from '../meta/object.ts'
import { emptyObjectOf } from '../meta/managed-fields/empty-object.ts'
import { endpointFields } from '../meta/managed-fields/endpoint-fields.ts'
import type { ConvertVersion, FieldManagement } from '../meta/managed-fields/ownership.ts'
import type { ResourceScope } from '../registry/generic/object-store.ts'
import { type ResourceDefinition, type ResourceVersion, subresourcesIn } from '../registry/resource-definition.ts'

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
  const { group, resource, custom } = definition
  const hasStatus = subresourcesIn(definition, version).some(({ type }) => type === 'status')
  const endpoint = { group, resource, custom, hasStatus, ...(subresource === '' ? {} : { subresource }) }
  return {
    ...endpointFields(endpoint),
    schema: version.schema,
    apiVersion: toApiVersion({ group, version: version.version }),
    ...(subresource === '' ? {} : { subresource }),
    ...(custom ? {} : { emptyObject: emptyObjectOf(version.schema) }),
    convert: converter(definition, version),
  }
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
