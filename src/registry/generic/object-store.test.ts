import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createManualClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/logger.ts'
import type { KubeObject } from '../../meta/object.ts'
import type { Backend } from '../../storage/backend.ts'
import { createObjectCache } from '../../storage/create-object-cache.ts'
import { lifecycleKey } from '../../storage/keys.ts'
import { createMemoryBackend } from '../../storage/memory/memory-backend.ts'
import type { ObjectCache } from '../../storage/object-cache.ts'
import { StorageError } from '../../storage/storage-error.ts'
import { builtinDefinitions } from '../builtin/builtin-definitions.ts'
import type { Companion, ResourceDefinition } from '../resource-definition.ts'
import { createObjectStore } from './create-object-store.ts'
import { fenceLogicalCluster, openLogicalCluster } from './logical-cluster-lifecycle.ts'
import type { ObjectStore, ResourceScope } from './object-store.ts'

const builtins = builtinDefinitions()
const context = { user: { name: 'test', groups: [] }, dryRun: false, warn: () => {} }
const none = { kind: 'absent' }

function definitionOf(resource: string, changes: Partial<ResourceDefinition> = {}): ResourceDefinition {
  const found = builtins.find((definition) => definition.resource === resource)
  if (!found) throw new Error(`no ${resource}`)
  return Object.create(
    found,
    Object.fromEntries(Object.entries(changes).map(([key, value]) => [key, { value }])),
  ) as ResourceDefinition
}

function scopeOf(definition: ResourceDefinition, logicalCluster = 'root'): ResourceScope {
  const [version] = definition.versions
  if (!version) throw new Error('no version')
  return { logicalCluster, definition, version }
}

const configMaps = scopeOf(definitionOf('configmaps'))
const namespaces = scopeOf(definitionOf('namespaces'))
const configMap = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data: { a: '1' },
})

describe('the object store', () => {
  let memory: Backend
  let cache: ObjectCache
  let store: ObjectStore & { close(): void }
  /** Runs once, between the reads of a write and its transaction. */
  let meanwhile: (() => Promise<void>) | undefined
  beforeEach(async () => {
    memory = createMemoryBackend()
    meanwhile = undefined
    const backend: Backend = Object.create(memory, {
      txn: {
        async value(request: Parameters<Backend['txn']>[0]) {
          const interlude = meanwhile
          meanwhile = undefined
          await interlude?.()
          return memory.txn(request)
        },
      },
    }) as Backend
    for (const method of ['get', 'range', 'history', 'subscribe', 'confirmedRevision', 'compactedRevision'] as const) {
      Object.defineProperty(backend, method, { value: memory[method].bind(memory) })
    }
    const clock = createManualClock(1_000_000)
    cache = await createObjectCache({ backend, budgetBytes: 1e7, watchBudgetBytes: 1e6, clock })
    const catalog = {
      resolve: () => undefined,
      snapshot: () => ({ key: '', definitions: builtins }),
      definitionOf: (_: string, group: string, resource: string) =>
        builtins.find((definition) => definition.group === group && definition.resource === resource),
    }
    store = createObjectStore({ backend, cache, catalog, clock, logger: silentLogger })
    await openLogicalCluster(memory, 'root', 1_000_000)
    await createNamespace('app')
  })
  afterEach(async () => {
    store.close()
    cache.close()
    await memory.close()
  })

  const createNamespace = (name: string) =>
    store.create(namespaces, {
      namespace: '',
      object: { metadata: { name }, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } },
      context,
    })
  const create = (name: string, scope = configMaps) =>
    store.create(scope, { namespace: 'app', object: configMap(name), context })
  const update = (name: string, change: (object: KubeObject) => void) =>
    store.update(configMaps, {
      namespace: 'app',
      name,
      context,
      derived: true,
      next(current) {
        const object = structuredClone(current) as KubeObject
        delete object.metadata.resourceVersion
        change(object)
        return object
      },
    })
  const stored = async (): Promise<string[]> => {
    const { items } = await memory.range({ start: 'o/root//configmaps/', end: 'o/root//configmaps0', keysOnly: true })
    return items.map(({ key }) => key)
  }

  test('a create loses against a namespace that is marked for deletion meanwhile, and leaves nothing', async () => {
    meanwhile = async () => {
      await store.delete(namespaces, { namespace: '', name: 'app', context, options: {} })
    }
    await expect(create('late')).rejects.toMatchObject({
      code: 403,
      status: { details: { causes: [{ reason: 'NamespaceTerminating' }] } },
    })
    expect(await stored()).toEqual([])
  })

  test.each([
    ['its namespace', () => store.delete(namespaces, { namespace: '', name: 'app', context, options: {} })],
    ['its workspace', () => fenceLogicalCluster(memory, 'root')],
  ])('a create loses against the end of %s that begins while it is admitted', async (_, end) => {
    const admit = async (): Promise<void> => void (await end())
    const late = store.create(configMaps, { namespace: 'app', object: configMap('late'), context, admit })
    await expect(late).rejects.toMatchObject({ code: 403 })
    expect(await stored()).toEqual([])
  })

  test('a create does not mind other changes of its namespace', async () => {
    meanwhile = async () => {
      await store.update(namespaces, {
        namespace: '',
        name: 'app',
        context,
        derived: true,
        next(current) {
          const object = structuredClone(current) as KubeObject
          object.metadata.labels = { changed: 'yes' }
          return object
        },
      })
    }
    await expect(create('fine')).resolves.toMatchObject({ created: true })
  })

  test('nothing is created in a logical cluster that was fenced meanwhile; what is there can still change', async () => {
    await create('here')
    meanwhile = async () => void (await fenceLogicalCluster(memory, 'root'))
    await expect(create('late')).rejects.toMatchObject({ code: 403 })
    await expect(update('here', ({ metadata }) => (metadata.labels = { a: 'b' }))).resolves.toMatchObject({
      created: false,
    })
    await expect(
      store.delete(configMaps, { namespace: 'app', name: 'here', context, options: {} }),
    ).resolves.toMatchObject({ gone: true })
  })

  test('nothing is written into a logical cluster that is gone', async () => {
    await create('here')
    meanwhile = async () => void (await memory.txn({ deletes: [lifecycleKey('root')] }))
    await expect(update('here', ({ metadata }) => (metadata.labels = { a: 'b' }))).rejects.toMatchObject({ code: 404 })
    await expect(create('late')).rejects.toMatchObject({ code: 404 })
    await expect(create('x', scopeOf(configMaps.definition, 'never'))).rejects.toMatchObject({ code: 404 })
  })

  test('an update that another writer overtakes is made again from what stands there then', async () => {
    await create('one')
    meanwhile = async () => void (await update('one', (object) => (object['data'] = { a: '1', other: 'yes' })))
    await update('one', (object) => (object['data'] = { ...(object['data'] as object), mine: 'yes' }))
    const object = store.toVersion(configMaps, await store.get(configMaps, 'app', 'one'))
    expect(object['data']).toEqual({ a: '1', other: 'yes', mine: 'yes' })
  })

  test('a delete that another writer overtakes still checks its preconditions', async () => {
    const { object } = await create('one')
    const options = { preconditions: { resourceVersion: String(object.revision) } }
    meanwhile = async () => void (await update('one', (changed) => (changed['data'] = {})))
    const deleted = store.delete(configMaps, { namespace: 'app', name: 'one', context, options })
    await expect(deleted).rejects.toMatchObject({ code: 409, reason: 'Conflict' })
    expect(await stored()).toHaveLength(1)
  })

  test('what an object brings along is written with it, all or nothing', async () => {
    const companions = (): readonly Companion[] => [
      { type: 'open-logical-cluster', logicalCluster: 'new' },
      {
        type: 'object',
        logicalCluster: 'new',
        definition: namespaces.definition,
        object: { metadata: { name: 'app' } },
      },
      {
        type: 'object',
        logicalCluster: 'root',
        definition: configMaps.definition,
        object: { ...configMap('brought'), metadata: { name: 'brought', namespace: 'app' } },
      },
    ]
    const bringing = scopeOf(definitionOf('configmaps', { strategy: { companions } }))
    const { object } = await create('first', bringing)
    const brought = await store.get(configMaps, 'app', 'brought')
    expect(brought.revision).toBe(object.revision)
    expect(brought.metadata.uid).toMatch(/^[0-9a-f-]{36}$/)
    expect((await store.get({ ...namespaces, logicalCluster: 'new' }, '', 'app')).revision).toBe(object.revision)
    await expect(create('second', bringing)).rejects.toMatchObject({ code: 409 })
    expect(await stored()).toHaveLength(2)
  })

  test('an object whose grace has not run out waits, and a second delete can only shorten it', async () => {
    const graceful = scopeOf(
      definitionOf('configmaps', { strategy: { gracePeriodSeconds: (_, requested) => requested ?? 30 } }),
    )
    await create('one')
    const remove = (gracePeriodSeconds?: number) =>
      store.delete(graceful, {
        namespace: 'app',
        name: 'one',
        context,
        options: gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds },
      })
    const first = await remove()
    expect(first.gone).toBe(false)
    expect(first.object.metadata).toMatchObject({ deletionGracePeriodSeconds: 30 })
    expect((await remove(60)).object.metadata.deletionGracePeriodSeconds).toBe(30)
    expect((await remove(5)).object.metadata.deletionGracePeriodSeconds).toBe(5)
    expect((await remove(0)).gone).toBe(true)
  })

  test('errors of the store become errors of the API', async () => {
    meanwhile = () => Promise.reject(new StorageError('read-only', 'disk full'))
    await expect(create('one')).rejects.toMatchObject({ code: 503, reason: 'ServiceUnavailable' })
  })

  test('the reader sees objects as they are stored, overlay and all', async () => {
    await create('one')
    const address = { logicalCluster: 'root', group: '', resource: 'configmaps', namespace: 'app', name: 'one' }
    expect(await store.reader.get(address)).toMatchObject({ metadata: { name: 'one' }, data: { a: '1' } })
    expect(await store.reader.get({ ...address, name: 'two' })).toBeUndefined()
    const roles = { logicalCluster: 'root', group: 'rbac.authorization.k8s.io', resource: 'clusterroles' }
    expect((await store.reader.list(roles)).length).toBeGreaterThan(50)
    expect(await store.reader.get({ ...roles, namespace: '', name: 'cluster-admin' })).toHaveProperty('rules')
    expect(await store.reader.list({ ...roles, resource: none.kind })).toEqual([])
  })

  test('names and namespaces that cannot be stored are not found rather than errors', async () => {
    for (const name of ['ü', 'a b', 'x'.repeat(5_000), '\u0000', '%', '..']) {
      await expect((async () => store.get(configMaps, 'app', name))()).rejects.toMatchObject({ code: 404 })
      await expect((async () => store.get(configMaps, name, 'one'))()).rejects.toMatchObject({ code: 404 })
      await expect((async () => store.list(configMaps, { namespace: name }))()).resolves.toMatchObject({ count: 0 })
    }
  })
})
