import type { ResourceDefinition, ResourceVersion, TableColumn } from '../resource-definition.ts'
import { builtinSchema } from '../schema/builtin-schemas.ts'
import { crdGroup, crdResource } from './crd-object.ts'
import { crdStatusStrategy, crdStrategy } from './crd-strategy.ts'

const columns: readonly TableColumn[] = [
  {
    name: 'Name',
    type: 'string',
    format: 'name',
    description: 'The name of the definition: the plural of the resource and its group.',
    priority: 0,
    cell: ({ metadata }) => metadata.name ?? '',
  },
  {
    name: 'Created At',
    type: 'date',
    format: '',
    description: 'The time when the definition was created.',
    priority: 0,
    cell: ({ metadata }) => metadata.creationTimestamp ?? null,
  },
]

const version: ResourceVersion = {
  version: 'v1',
  get schema() {
    return builtinSchema(crdGroup, 'v1', 'CustomResourceDefinition')
  },
  columns,
  selectableFields: new Map(),
}

/** customresourcedefinitions.apiextensions.k8s.io: the kind that declares custom resources. */
export const customResourceDefinitionsDefinition: ResourceDefinition = {
  group: crdGroup,
  resource: crdResource,
  singular: 'customresourcedefinition',
  kind: 'CustomResourceDefinition',
  listKind: 'CustomResourceDefinitionList',
  namespaced: false,
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  identity: `${crdGroup}:${crdResource}`,
  storageVersion: 'v1',
  versions: [version],
  verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
  custom: false,
  subresources: [{ name: 'status', type: 'status', strategy: crdStatusStrategy }],
  strategy: crdStrategy,
}
