import type { ApiResponse } from '../../client/transport.ts'
import type { ResourceScope } from '../../registry/generic/object-store.ts'
import type { ResourceDefinition, SubresourceDefinition } from '../../registry/resource-definition.ts'
import { builtinSchema, hasBuiltinSchema } from '../../registry/schema/builtin-schemas.ts'
import { anyNode } from '../../registry/schema/schema-node.ts'
import { decodeObject } from '../decode-object.ts'
import type { Exchange } from '../exchange.ts'
import type { ServerParts } from '../server-parts.ts'
import { respondValue } from '../write-object.ts'
import { parseWriteOptions } from '../write-options.ts'
import { operationContext } from './create.ts'
import { namespaceOf, settleNamespace } from './write-support.ts'

type CreateSubresource = SubresourceDefinition & { type: 'create' }

/** POST of another kind to an object: token, eviction, binding. */
export async function handleSubresourceCreate(
  parts: ServerParts,
  exchange: Exchange,
  scope: ResourceScope,
  subresource: CreateSubresource,
): Promise<ApiResponse> {
  const options = parseWriteOptions(exchange, 'CreateOptions')
  const own = scopeOfKind(scope, subresource)
  const object = decodeObject(exchange, own, options.fieldValidation)
  const { name } = exchange.info
  settleNamespace(object, namespaceOf(exchange, scope))
  const answer = await subresource.create(name, object, operationContext(parts, exchange, scope, options.dryRun))
  return respondValue(parts, exchange, own, answer, 201)
}

const definitions = new WeakMap<CreateSubresource, ResourceDefinition>()

function scopeOfKind({ logicalCluster, definition }: ResourceScope, subresource: CreateSubresource): ResourceScope {
  let own = definitions.get(subresource)
  if (!own) definitions.set(subresource, (own = definitionOfKind(definition, subresource)))
  return { logicalCluster, definition: own, version: own.versions[0] as ResourceScope['version'] }
}

function definitionOfKind(
  parent: ResourceDefinition,
  { kind: { group, version, kind } }: CreateSubresource,
): ResourceDefinition {
  const schema = hasBuiltinSchema(group, version, kind) ? builtinSchema(group, version, kind) : anyNode
  const versions = [{ version, schema, columns: [], selectableFields: new Map<string, never>() }]
  return { ...parent, group, kind, listKind: `${kind}List`, versions, strategy: {}, subresources: [] }
}
