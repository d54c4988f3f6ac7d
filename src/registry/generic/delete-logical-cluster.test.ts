import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createManualClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/logger.ts'
import type { KubeObject, ObjectMeta } from '../../meta/object.ts'
import type { Backend, KeyValue, TxnRequest } from '../../storage/backend.ts'
import { createObjectCache } from '../../storage/create-object-cache.ts'
import { lifecycleKey } from '../../storage/keys.ts'
import { createMemoryBackend } from '../../storage/memory/memory-backend.ts'
import type { ObjectCache } from '../../storage/object-cache.ts'
import { builtinDefinitions } from '../builtin/builtin-definitions.ts'
import type { ResourceCatalog } from '../resource-catalog.ts'
import type { ResourceDefinition } from '../resource-definition.ts'
import { createObjectStore } from './create-object-store.ts'
import { deleteLogicalCluster } from './delete-logical-cluster.ts'
import { fenceLogicalCluster, openLogicalCluster } from './logical-cluster-lifecycle.ts'
import type { ObjectStore, ResourceScope } from './object-store.ts'

const builtins = builtinDefinitions()
const user = { name: 'test', groups: [] }
const context = { user, dryRun: false, warn: () => {} }
const catalog: ResourceCatalog = {
  resolve: () => undefined,
  snapshot: () => ({ key: '', definitions: builtins }),
  definitionOf: (_, group, resource) =>
    builtins.find((definition) => definition.group === group && definition.resource === resource),
}

function scopeOf(resource: string, logicalCluster: string): ResourceScope {
  const definition = builtins.find((one) => one.resource === resource) as ResourceDefinition
  const [version] = definition.versions
  if (!version) throw new Error('no version')
  return { logicalCluster, definition, version }
}

describe('deleting a logical cluster', () => {
  let backend: Backend
  let cache: ObjectCache
  let store: ObjectStore & { close(): void }
  let transactions = 0
  let known: KeyValue[] = []
  beforeEach(async () => {
    const memory = createMemoryBackend()
    known = []
    const txn = async (request: TxnRequest) => {
      for (const item of request.known?.items ?? []) {
        known.push(item)
        expect(await memory.get(item.key, request.known?.revision)).toEqual(item)
      }
      return memory.txn(request)
    }
    backend = { ...memory, txn }
    transactions = 0
    backend.subscribe(() => void transactions++)
    const clock = createManualClock(1_000_000)
    cache = await createObjectCache({ backend, budgetBytes: 1e7, watchBudgetBytes: 1e6, clock })
    store = createObjectStore({ backend, cache, catalog, clock, logger: silentLogger })
    for (const name of ['one', 'other']) {
      await openLogicalCluster(backend, name, 1_000_000)
      const object = { metadata: { name: 'app' }, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } }
      await store.create(scopeOf('namespaces', name), { namespace: '', object, context })
    }
  })
  afterEach(async () => {
    store.close()
    cache.close()
    await backend.close()
  })

  const create = (name: string, metadata: ObjectMeta = {}) =>
    store.create(scopeOf('configmaps', 'one'), {
      namespace: 'app',
      object: { metadata: { name, ...metadata } },
      context,
    })
  const remove = () => deleteLogicalCluster({ backend, catalog, store, user }, 'one')
  async function keysOf(logicalCluster: string): Promise<string[]> {
    const { items } = await backend.range({ start: '!', end: '~', keysOnly: true })
    return items.map(({ key }) => key).filter((key) => key.split('/').includes(logicalCluster))
  }

  test('leaves no key of it, and all of the others', async () => {
    const others = await keysOf('other')
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'gone', uid: '1-2-3' }
    await create('owned', { ownerReferences: [owner] })
    expect(await remove()).toEqual([])
    expect(await keysOf('one')).toEqual([])
    expect(await keysOf('other')).toEqual(others)
  })

  test('takes the fence and one transaction when it holds little', async () => {
    await create('a')
    const before = transactions
    await remove()
    expect(transactions - before).toBe(2)
  })

  test('tells to the end that all of it goes: its lifecycle key is the last one', async () => {
    await create('a')
    await create('owned', { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'a', uid: '1-2-3' }] })
    const gone: string[] = []
    backend.subscribe(({ events }) => gone.push(...events.flatMap(({ type, key }) => (type === 'delete' ? key : []))))
    await remove()
    expect(gone.at(-1)).toBe(lifecycleKey('one'))
    expect(gone.filter((key) => key === lifecycleKey('one'))).toHaveLength(1)
  })

  test('leaves no index key behind when an earlier removal ended between the objects and their owners', async () => {
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'gone', uid: '1-2-3' }
    await create('owned', { ownerReferences: [owner] })
    await fenceLogicalCluster(backend, 'one')
    const objects = (await keysOf('one')).filter((key) => key.startsWith('o/') || key.startsWith('i/'))
    await backend.txn({ deletes: objects })
    expect((await keysOf('one')).some((key) => key.startsWith('w/'))).toBe(true)
    expect(await remove()).toEqual([])
    expect(await keysOf('one')).toEqual([])
  })

  test('leaves no index key behind of more owners than fit into one transaction', async () => {
    for (let object = 0; object < 4; object++) {
      const uids = Array.from({ length: 30 }, (_, n) => `uid-${object}-${n}`)
      const ownerReferences = uids.map((uid) => ({ apiVersion: 'v1', kind: 'ConfigMap', name: 'gone', uid }))
      await create(`owned-${object}`, { ownerReferences })
    }
    expect(await remove()).toEqual([])
    expect(await keysOf('one')).toEqual([])
  })

  test('says nothing to the store but what stands there: of kinds with built-in objects only the objects', async () => {
    await create('a')
    await store.update(scopeOf('configmaps', 'one'), {
      namespace: 'app',
      name: 'a',
      context,
      next: (current) => ({ ...(current as KubeObject), data: { changed: 'yes' } }),
    })
    const roles = scopeOf('clusterroles', 'one')
    await store.delete(roles, { namespace: '', name: 'view', context, options: {} })
    await store.create(roles, { namespace: '', object: { metadata: { name: 'view' }, rules: [] }, context })
    await store.create(roles, { namespace: '', object: { metadata: { name: 'own' }, rules: [] }, context })
    await remove()
    const kinds = known.map(({ key }) => `${key.split('/')[0]} ${key.split('/').at(-1)}`)
    expect(kinds.toSorted()).toEqual(['i a', 'i app', 'o a', 'o app', 'o own', 'o view'])
    expect(await keysOf('one')).toEqual([])
  })

  test('goes in several transactions when it holds more than fits into one', async () => {
    for (let n = 0; n < 120; n++) await create(`config-${n}`)
    expect(await remove()).toEqual([])
    expect(await keysOf('one')).toEqual([])
  })

  test('removes nothing while an object is held, marks it and tells by what', async () => {
    await create('free')
    await create('held', { finalizers: ['example.com/hold'] })
    const held = [{ resource: 'configmaps', count: 1, finalizers: { 'example.com/hold': 1 }, childClusters: [] }]
    expect(await remove()).toEqual(held)
    expect(await remove()).toEqual(held)
    const objects = (await keysOf('one')).filter((key) => key.startsWith('o/'))
    expect(objects.map((key) => key.split('/').at(-1))).toEqual(['free', 'held', 'app'])
    const [found] = (await backend.range({ start: 'o/one//configmaps/app/held', end: 'o/one//configmaps/app/helde' }))
      .items
    expect(Buffer.from(found?.value ?? []).toString()).toContain('"deletionTimestamp":')
  })

  test('is done when there is none', async () => {
    await backend.txn({ deletes: [lifecycleKey('one')] })
    expect(await remove()).toEqual([])
  })
})
