import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { JsonObject, KubeObject } from '../../meta/object.ts'
import { customResourceDefinitionsDefinition } from '../../registry/apiextensions/crd-definition.ts'
import { builtinDefinitions } from '../../registry/builtin/builtin-definitions.ts'
import { customResourceDefinition } from '../../registry/custom/custom-resource-definition.ts'
import type { CatalogSnapshot } from '../../registry/resource-catalog.ts'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { createOpenApiV3, type OpenApiDocument } from './create-open-api-v3.ts'
import { referencesIn } from './openapi-schema.ts'

const crdKey = 'apiextensions.k8s.io/customresourcedefinitions'
const builtins = builtinDefinitions({ definitions: new Map([[crdKey, customResourceDefinitionsDefinition]]) })
const openApi = createOpenApiV3({ kubernetesVersion: '1.36' })

function snapshotOf(...custom: ResourceDefinition[]): CatalogSnapshot {
  return {
    key: `test ${custom.map(({ kind, resource }) => kind + resource).join()} ${Math.random()}`,
    definitions: [...builtins, ...custom],
  }
}

interface Parsed {
  openapi: string
  info: JsonObject
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, JsonObject> }
}

interface Operation {
  operationId: string
  parameters: { name: string }[]
  requestBody: { content: JsonObject }
  responses: Record<string, { content: Record<string, { schema: JsonObject }> }>
}

function parse(document: OpenApiDocument | undefined): Parsed {
  return JSON.parse(Buffer.from(document?.bytes ?? []).toString()) as Parsed
}

const schema: JsonObject = {
  type: 'object',
  description: 'A foo.',
  required: ['spec'],
  properties: {
    spec: {
      type: 'object',
      description: 'What is wished.',
      properties: {
        color: { type: 'string', nullable: true, default: 'red' },
        port: { 'x-kubernetes-int-or-string': true },
        object: {
          type: 'object',
          'x-kubernetes-embedded-resource': true,
          'x-kubernetes-preserve-unknown-fields': true,
        },
        rules: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['k'],
          items: { type: 'object', required: ['k'], properties: { k: { type: 'string' } } },
        },
      },
      oneOf: [{ required: ['color'] }, { required: ['port'] }],
      'x-kubernetes-validations': [{ rule: 'self.color != "blue"' }],
    },
  },
}

function crd(openAPIV3Schema: JsonObject, changes: JsonObject = {}): KubeObject {
  const names = { plural: 'foos', singular: 'foo', kind: 'Foo', listKind: 'FooList' }
  const version = {
    name: 'v1',
    served: true,
    storage: true,
    subresources: { status: {}, scale: { specReplicasPath: '.spec.r', statusReplicasPath: '.status.r' } },
    selectableFields: [{ jsonPath: '.spec.color' }],
    schema: { openAPIV3Schema },
    ...changes,
  }
  return {
    metadata: { name: 'foos.my.ex.io', generation: 1 },
    spec: { group: 'my.ex.io', scope: 'Namespaced', names, versions: [version] },
    status: { acceptedNames: names },
  }
}

describe('the index', () => {
  const { bytes, hash } = openApi.index(snapshotOf(customResourceDefinition(crd(schema))), '/clusters/root:a')
  const { paths } = JSON.parse(Buffer.from(bytes).toString()) as {
    paths: Record<string, { serverRelativeURL: string }>
  }

  it('names every group and version below the prefix that the client used, each with its hash', () => {
    expect(Object.keys(paths)).toContain('api/v1')
    expect(Object.keys(paths)).toContain('apis/apps/v1')
    expect(Object.keys(paths)).toContain('apis/my.ex.io/v1')
    expect(Object.keys(paths)).toEqual(Object.keys(paths).sort())
    for (const [path, { serverRelativeURL }] of Object.entries(paths)) {
      expect(serverRelativeURL).toMatch(new RegExp(`^/clusters/root:a/openapi/v3/${path}\\?hash=[0-9A-F]{128}$`))
    }
    expect(hash).toMatch(/^[0-9A-F]{128}$/)
  })

  it('has the hash that the document has', () => {
    const snapshot = snapshotOf(customResourceDefinition(crd(schema)))
    const document = openApi.document(snapshot, 'my.ex.io', 'v1')
    expect(paths['apis/my.ex.io/v1']?.serverRelativeURL).toContain(`hash=${document?.hash}`)
  })
})

describe('documents of built-in kinds', () => {
  const versions = new Map(
    builtins.flatMap(({ group, versions }) => versions.map(({ version }) => [`${group}/${version}`, [group, version]])),
  )
  const snapshot = snapshotOf()

  it.each([...versions.values()] as [string, string][])('%s/%s is closed under its references', (group, version) => {
    const { openapi, components, paths } = parse(openApi.document(snapshot, group, version))
    expect(openapi).toBe('3.0.0')
    expect(Object.keys(paths).length).toBeGreaterThan(0)
    const missing = [...referencesIn({ components, paths })].filter((name) => !Object.hasOwn(components.schemas, name))
    expect(missing).toEqual([])
    expect(Object.keys(components.schemas).every((name) => name.startsWith('io.k8s.'))).toBe(true)
  })

  const { paths, components } = parse(openApi.document(snapshot, 'apps', 'v1'))

  it('tell kubectl that the server validates fields, and which patches it takes', () => {
    const { patch } = paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}'] ?? {}
    expect(patch?.parameters.map(({ name }) => name)).toEqual(['dryRun', 'fieldManager', 'fieldValidation', 'force'])
    expect(patch).toMatchObject({
      operationId: 'patchAppsV1NamespacedDeployment',
      tags: ['apps_v1'],
      'x-kubernetes-action': 'patch',
      'x-kubernetes-group-version-kind': { group: 'apps', version: 'v1', kind: 'Deployment' },
    })
    expect(Object.keys(patch?.requestBody.content ?? {})).toEqual([
      'application/apply-patch+yaml',
      'application/json-patch+json',
      'application/merge-patch+json',
      'application/strategic-merge-patch+json',
    ])
  })

  it('have the paths and operations that kube-apiserver publishes', () => {
    const place = '/apis/apps/v1/namespaces/{namespace}/deployments'
    expect(Object.keys(paths).filter((path) => path.includes('deployments'))).toEqual([
      '/apis/apps/v1/deployments',
      place,
      `${place}/{name}`,
      `${place}/{name}/scale`,
      `${place}/{name}/status`,
    ])
    const ids = (path: string) => Object.values(paths[path] ?? {}).flatMap(({ operationId }) => operationId ?? [])
    expect(ids('/apis/apps/v1/deployments')).toEqual(['listAppsV1DeploymentForAllNamespaces'])
    expect(ids(place)).toEqual([
      'listAppsV1NamespacedDeployment',
      'createAppsV1NamespacedDeployment',
      'deleteAppsV1CollectionNamespacedDeployment',
    ])
    expect(ids(`${place}/{name}/scale`)).toEqual([
      'readAppsV1NamespacedDeploymentScale',
      'replaceAppsV1NamespacedDeploymentScale',
      'patchAppsV1NamespacedDeploymentScale',
    ])
    expect(paths[`${place}/{name}/scale`]?.['get']).toMatchObject({
      'x-kubernetes-group-version-kind': { group: 'autoscaling', version: 'v1', kind: 'Scale' },
    })
    const core = parse(openApi.document(snapshot, '', 'v1')).paths
    expect(core['/api/v1/nodes/{name}']?.['delete']?.operationId).toBe('deleteCoreV1Node')
    expect(core['/api/v1/namespaces/{namespace}/pods/{name}/exec']?.['get']).toMatchObject({
      operationId: 'connectCoreV1GetNamespacedPodExec',
      'x-kubernetes-action': 'connect',
    })
    expect(core['/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token']?.['post']).toMatchObject({
      operationId: 'createCoreV1NamespacedServiceAccountToken',
      'x-kubernetes-group-version-kind': { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
    })
  })

  it('keep what strategic merge and server-side apply need, and wrap references that have neighbours', () => {
    const { schemas } = components
    expect(schemas['io.k8s.api.apps.v1.DeploymentSpec']).toMatchObject({
      type: 'object',
      required: ['selector', 'template'],
      properties: {
        replicas: { type: 'integer', format: 'int32' },
        strategy: {
          default: {},
          allOf: [{ $ref: '#/components/schemas/io.k8s.api.apps.v1.DeploymentStrategy' }],
          'x-kubernetes-patch-strategy': 'retainKeys',
        },
      },
    })
    expect(schemas['io.k8s.apimachinery.pkg.api.resource.Quantity']).toEqual({
      oneOf: [{ type: 'string' }, { type: 'number' }],
    })
    expect(schemas['io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions']?.['x-kubernetes-group-version-kind']).toEqual([
      { group: '', kind: 'DeleteOptions', version: 'v1' },
      { group: 'apps', kind: 'DeleteOptions', version: 'v1' },
    ])
  })

  it('are made once', () => {
    expect(openApi.document(snapshotOf(), 'apps', 'v1')).toBe(openApi.document(snapshot, 'apps', 'v1'))
    const document = openApi.document(snapshot, 'apps', 'v1')
    expect(gunzipSync(document?.gzip() ?? Buffer.alloc(0))).toEqual(Buffer.from(document?.bytes ?? []))
    expect(document?.gzip()).toBe(document?.gzip())
  })

  it('do not exist for what is not served', () => {
    expect(openApi.document(snapshot, 'apps', 'v2')).toBe(undefined)
    expect(openApi.document(snapshot, 'my.ex.io', 'v1')).toBe(undefined)
  })
})

describe('documents of custom resources', () => {
  const definition = customResourceDefinition(crd(schema))
  const { paths, components } = parse(openApi.document(snapshotOf(definition), 'my.ex.io', 'v1'))
  const foo = components.schemas['io.ex.my.v1.Foo'] as JsonObject & { properties: Record<string, JsonObject> }

  it('show the schema as it was written, with what every object has', () => {
    expect(foo).toMatchObject({
      description: 'A foo.',
      required: ['spec'],
      'x-kubernetes-group-version-kind': [{ group: 'my.ex.io', kind: 'Foo', version: 'v1' }],
      'x-kubernetes-selectable-fields': [{ fieldPath: 'spec.color' }],
    })
    expect(Object.keys(foo.properties).sort()).toEqual(['apiVersion', 'kind', 'metadata', 'spec'])
    expect(foo.properties['metadata']).toMatchObject({
      allOf: [{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' }],
    })
    expect(foo.properties['spec']).toMatchObject({
      description: 'What is wished.',
      properties: {
        color: { type: 'string', nullable: true, default: 'red' },
        port: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
        object: { required: ['kind', 'apiVersion'], 'x-kubernetes-preserve-unknown-fields': true },
        rules: { 'x-kubernetes-list-map-keys': ['k'] },
      },
      oneOf: [{ required: ['color'] }, { required: ['port'] }],
      'x-kubernetes-validations': [{ rule: 'self.color != "blue"' }],
    })
  })

  it('are closed under their references and offer no strategic merge', () => {
    const missing = [...referencesIn({ components, paths })].filter((name) => !Object.hasOwn(components.schemas, name))
    expect(missing).toEqual([])
    const place = '/apis/my.ex.io/v1/namespaces/{namespace}/foos'
    expect(Object.keys(paths)).toEqual([
      '/apis/my.ex.io/v1/foos',
      place,
      `${place}/{name}`,
      `${place}/{name}/scale`,
      `${place}/{name}/status`,
    ])
    const { patch, get } = paths[`${place}/{name}`] ?? {}
    expect(Object.keys(patch?.requestBody.content ?? {})).not.toContain('application/strategic-merge-patch+json')
    expect(patch?.parameters.map(({ name }) => name)).toContain('fieldValidation')
    expect(get).toMatchObject({ operationId: 'readMyExIoV1NamespacedFoo', tags: ['myExIo_v1'] })
    expect(Object.keys(get?.responses['200']?.content ?? {})).toEqual(['application/json', 'application/yaml'])
    const list = paths[place]?.['get']?.responses['200']?.content['application/json']?.schema
    expect(list).toEqual({ $ref: '#/components/schemas/io.ex.my.v1.FooList' })
    expect(components.schemas['io.ex.my.v1.FooList']).toMatchObject({
      properties: { items: { items: { $ref: '#/components/schemas/io.ex.my.v1.Foo' } } },
    })
  })

  it('are shared by workspaces with the same types, and change with them', () => {
    const same = openApi.document(snapshotOf(customResourceDefinition(crd(structuredClone(schema)))), 'my.ex.io', 'v1')
    expect(same).toBe(openApi.document(snapshotOf(definition), 'my.ex.io', 'v1'))
    const changed = customResourceDefinition(crd({ type: 'object' }))
    expect(openApi.document(snapshotOf(changed), 'my.ex.io', 'v1')?.hash).not.toBe(same?.hash)
  })

  it('keep a definition that was given other rules apart from no other', () => {
    const own = { ...definition, strategy: {} }
    const document = openApi.document(snapshotOf(own), 'my.ex.io', 'v1')
    expect(Object.keys(parse(document).components.schemas)).toContain('io.ex.my.v1.Foo')
  })

  it('leave out versions that are not served', () => {
    const unserved = customResourceDefinition(crd(schema, { served: false }))
    expect(openApi.document(snapshotOf(unserved), 'my.ex.io', 'v1')).toBe(undefined)
  })
})
