import { describe, expect, test } from 'vitest'
import type { ApiResponse } from '../../client/transport.ts'
import { builtinDefinitions } from '../../registry/builtin/builtin-definitions.ts'
import type { ResourceCatalog } from '../../registry/resource-catalog.ts'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { Exchange } from '../exchange.ts'
import { createDiscovery } from './discovery.ts'
import { groupDefinitions } from './served-groups.ts'

const builtins = builtinDefinitions()
const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

function catalogOf(definitions: readonly ResourceDefinition[]): ResourceCatalog {
  return { resolve: () => undefined, definitionOf: () => undefined, snapshot: () => ({ key: 'k', definitions }) }
}

async function ask(url: string, headers: Record<string, string> = {}): Promise<ApiResponse> {
  const request = { method: 'GET', url, headers, body: new Uint8Array(0), signal: new AbortController().signal }
  const exchange = new Exchange(request, 0)
  exchange.parse()
  return createDiscovery(catalogOf(builtins)).respond(exchange)
}

const bodyOf = (response: ApiResponse): unknown => JSON.parse(Buffer.from(response.body as Uint8Array).toString())

describe('discovery', () => {
  test('groups that are not built in follow the others by name', () => {
    const custom = (group: string): ResourceDefinition => ({
      ...(builtins[0] as ResourceDefinition),
      group,
      custom: true,
    })
    const groups = groupDefinitions([custom('z.example'), ...builtins, custom('a.example')]).map(({ group }) => group)
    expect(groups.slice(0, 3)).toEqual(['', 'apiregistration.k8s.io', 'apps'])
    expect(groups.slice(-2)).toEqual(['a.example', 'z.example'])
  })

  test('legacy answers have a Content-Type without parameters', async () => {
    for (const path of ['/api', '/apis', '/apis/apps', '/apis/apps/v1', '/api/v1']) {
      expect((await ask(path)).headers['content-type']).toBe('application/json')
    }
  })

  test('a resource list names subresources with a kind of their own', async () => {
    const { resources } = bodyOf(await ask('/apis/apps/v1')) as { resources: { name: string }[] }
    expect(resources.find(({ name }) => name === 'deployments')).toMatchObject({
      singularName: 'deployment',
      namespaced: true,
      kind: 'Deployment',
      shortNames: ['deploy'],
      categories: ['all'],
      storageVersionHash: '8aSe+NMegvE=',
    })
    expect(resources.find(({ name }) => name === 'deployments/scale')).toEqual({
      name: 'deployments/scale',
      singularName: '',
      namespaced: true,
      group: 'autoscaling',
      version: 'v1',
      kind: 'Scale',
      verbs: ['get', 'patch', 'update'],
    })
  })

  test('both roots are aggregated for those who ask, and echo exactly what they are', async () => {
    const accept = `${aggregated},application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json`
    const [core, named] = [await ask('/api', { accept }), await ask('/apis', { accept })]
    for (const { headers } of [core, named]) expect(headers['content-type']).toBe(aggregated)
    const { items } = bodyOf(core) as { items: { versions: { resources: { resource: string }[] }[] }[] }
    expect(items).toHaveLength(1)
    expect(items[0]?.versions[0]?.resources.map(({ resource }) => resource)).toContain('pods')
    expect(bodyOf(named)).toMatchObject({ kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2' })
    const old = 'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json'
    expect((await ask('/apis', { accept: old })).headers['content-type']).toBe('application/json')
  })

  test('an unchanged document is not sent again', async () => {
    const first = await ask('/apis', { accept: aggregated })
    const etag = String(first.headers['etag'])
    expect(etag).toMatch(/^"[0-9A-F]{128}"$/)
    const second = await ask('/apis', { accept: aggregated, 'if-none-match': etag })
    expect(second.status).toBe(304)
    expect(second.body).toHaveLength(0)
    expect((await ask('/apis', { accept: aggregated, 'if-none-match': '"X"' })).status).toBe(200)
  })

  test.each(['/apis/none', '/apis/apps/v9', '/api/v2', '/api/v1/x/y', '/apis/apps/v1/x'])(
    '%s is not found',
    async (path) => {
      await expect(ask(path)).rejects.toMatchObject({ code: 404 })
    },
  )
})
