import { toApiPath } from '../../meta/group-version.ts'
import {
  type ResourceDefinition,
  type ResourceVersion,
  type SubresourceDefinition,
  subresourcesIn,
  type Verb,
} from '../../registry/resource-definition.ts'
import { definitionNameOf } from '../../registry/schema/schema-facts.ts'
import { builtinComponent } from './builtin-components.ts'
import { customComponents, reversedGroup } from './custom-components.ts'
import { type OpenApiSchema, referencesIn } from './openapi-schema.ts'
import {
  collectionOperations,
  connectOperations,
  listOperation,
  objectOperations,
  type Operation,
  pathParameters,
  subresourceCreateOperation,
  type Target,
} from './operations.ts'

/** A resource in the version that the document is about. */
export interface DocumentedResource {
  readonly definition: ResourceDefinition
  readonly version: ResourceVersion
}

export interface DocumentOptions {
  readonly group: string
  readonly version: string
  readonly resources: readonly DocumentedResource[]
  /** `1.36` */
  readonly kubernetesVersion: string
}

/**
 * The OpenAPI v3 document of one group and version. https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3
 * Closed under its references. The deprecated `/watch/` paths are served but not published.
 */
export function groupVersionDocument({ group, version, resources, kubernetesVersion }: DocumentOptions): OpenApiSchema {
  const paths: Record<string, Operation> = {}
  for (const resource of resources) Object.assign(paths, resourcePaths(resource))
  const custom = resources.filter(({ definition }) => definition.custom)
  const own = new Map(custom.flatMap((resource) => customComponents(resource.definition, resource.version)))
  const schemas = closeReferences(paths, own, group, version)
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: kubernetesVersion },
    paths: sorted(paths),
    components: {
      schemas: sorted(schemas),
      securitySchemes: { BearerToken: { type: 'apiKey', name: 'authorization', in: 'header' } },
    },
  }
}

function sorted<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** All components that the paths need, and those need in turn. */
function closeReferences(
  paths: Record<string, Operation>,
  own: ReadonlyMap<string, OpenApiSchema>,
  group: string,
  version: string,
): Record<string, OpenApiSchema> {
  const schemas: Record<string, OpenApiSchema> = {}
  const pending = [...own.keys(), ...referencesIn(paths)]
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (Object.hasOwn(schemas, name)) continue
    const schema = own.get(name) ?? builtinComponent(name, group, version)
    // A reference that leads nowhere would break every client; an open object breaks none.
    schemas[name] = schema ?? { type: 'object' }
    pending.push(...referencesIn(schema))
  }
  return schemas
}

function resourcePaths({ definition, version }: DocumentedResource): Record<string, Operation> {
  const { group, resource, namespaced, verbs } = definition
  const base = toApiPath({ group, version: version.version })
  const place = namespaced ? `${base}/namespaces/{namespace}/${resource}` : `${base}/${resource}`
  const target = targetOf(definition, version)
  const paths: Record<string, Operation> = {}
  const add = (path: string, operations: Operation, name: boolean, namespace = namespaced) => {
    if (Object.keys(operations).length === 0) return
    paths[path] = { ...operations, parameters: pathParameters({ name, namespace }) }
  }
  add(place, collectionOperations(target, verbs), false)
  if (namespaced && verbs.includes('list')) {
    const everywhere = {
      ...target,
      subject: `${titleOf(group)}${capital(version.version)}|${definition.kind}ForAllNamespaces`,
    }
    add(`${base}/${resource}`, { get: listOperation(everywhere) }, false, false)
  }
  add(`${place}/{name}`, objectOperations(target, verbs), true)
  for (const subresource of subresourcesIn(definition, version)) {
    add(`${place}/{name}/${subresource.name}`, subresourceOperations(target, definition, subresource), true)
  }
  return paths
}

const readWrite: readonly Verb[] = ['get', 'patch', 'update']

function subresourceOperations(
  target: Target,
  { group }: ResourceDefinition,
  subresource: SubresourceDefinition,
): Operation {
  const subject = `${target.subject}${capital(subresource.name)}`
  const other = (kind: { group: string; version: string; kind: string }): Target => ({
    ...target,
    ...kind,
    schema: schemaOf(kind.group || group, kind.version || target.version, kind.kind),
    subject,
  })
  switch (subresource.type) {
    case 'status':
      return objectOperations({ ...target, subject }, readWrite)
    case 'scale':
      return objectOperations(other({ group: 'autoscaling', version: 'v1', kind: 'Scale' }), readWrite)
    case 'part':
      return objectOperations({ ...target, subject }, subresource.verbs)
    case 'create':
      return subresourceCreateOperation(other(subresource.kind))
    case 'connect':
      return connectOperations(other(subresource.kind), subresource.verbs)
  }
}

function schemaOf(group: string, version: string, kind: string): string {
  return definitionNameOf(group, version, kind) ?? `${reversedGroup(group)}.${version}.${kind}`
}

function targetOf(definition: ResourceDefinition, { version }: ResourceVersion): Target {
  const { group, kind, listKind, custom, namespaced } = definition
  const title = titleOf(group)
  const definitionOf = (name: string) =>
    custom ? `${reversedGroup(group)}.${version}.${name}` : schemaOf(group, version, name)
  return {
    group,
    version,
    kind,
    schema: definitionOf(kind),
    listSchema: definitionOf(listKind),
    custom,
    returnsDeleted: definition.strategy.returnsDeletedObject === true,
    tag: `${title.charAt(0).toLowerCase()}${title.slice(1)}_${version}`,
    subject: `${title}${capital(version)}|${namespaced ? 'Namespaced' : ''}${kind}`,
  }
}

/** `rbac.authorization.k8s.io` → RbacAuthorization, the core group → Core. */
function titleOf(group: string): string {
  const name = group === '' ? 'core' : group.replace(/\.k8s\.io$/, '')
  return name.split(/[.-]/).map(capital).join('')
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
