import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Hub } from '../../src/hub/hub.ts'
import { isConflict, isNotFound } from '../../src/meta/api-errors.ts'
import type { Condition, KubeObject, ObjectMeta } from '../../src/meta/object.ts'
import { eventually } from '../support/eventually.ts'
import { startHubInProcess } from '../support/hub-in-process.ts'
import { createTempDir, type TempDir } from '../support/temp-dir.ts'

const configMaps = { group: '', version: 'v1', resource: 'configmaps' }
const types = { group: 'tenancy.kcp.io', version: 'v1alpha1', resource: 'workspaces' }
const contents = 'core.kcp.io/logicalcluster'

let folder: TempDir
let hub: Hub
beforeAll(async () => {
  folder = await createTempDir('workspace-deletion')
  hub = await open()
})
afterAll(async () => {
  await hub.close()
  await folder.remove()
})

const open = () => startHubInProcess(folder.path, 'leveldb')
const workspaces = () => hub.clientOf('root').resource(types)
const create = (name: string, metadata: ObjectMeta = {}) =>
  workspaces().create({
    apiVersion: 'tenancy.kcp.io/v1alpha1',
    kind: 'Workspace',
    metadata: { name, ...metadata },
    spec: {},
  })
const find = (name: string): Promise<KubeObject | undefined> =>
  workspaces()
    .get({ name })
    .catch((error: unknown) => {
      if (isNotFound(error)) return undefined
      throw error
    })
const goes = (name: string) => eventually(async () => !(await find(name)), { what: `${name} goes` })

test('a workspace goes although others write it all the time, and its name can be taken again at once', async () => {
  for (let round = 0; round < 3; round++) {
    const { metadata } = await create('busy')
    await workspaces().delete({ name: 'busy' })
    for (let n = 0; ; n++) {
      const current = await find('busy')
      if (!current) break
      expect(current.metadata.uid).toBe(metadata.uid)
      const labels = { ...current.metadata.labels, n: String(n) }
      await workspaces()
        .update({ ...current, metadata: { ...current.metadata, labels } })
        .catch((error: unknown) => {
          if (!isNotFound(error) && !isConflict(error)) throw error
        })
    }
  }
})

test("what else holds a workspace stays in force when the workspace's contents are gone", async () => {
  const { spec } = await create('held', { finalizers: ['example.com/hold'] })
  const { cluster } = spec as { cluster: string }
  await workspaces().delete({ name: 'held' })
  const waiting = await eventually(
    async () => {
      const found = await find('held')
      return found?.metadata.finalizers?.includes(contents) ? undefined : found
    },
    { what: 'the contents are gone' },
  )
  expect(waiting.metadata.finalizers).toEqual(['example.com/hold'])
  await expect(hub.clientOf(cluster).resource(configMaps).list()).rejects.toSatisfy(isNotFound)
  await workspaces().patch({ name: 'held' }, { type: 'merge', body: { metadata: { finalizers: null } } })
  await goes('held')
})

test('what a workspace waits for is said, also after a restart, and then it goes', async () => {
  await create('stuck')
  const inside = () => hub.clientOf('root:stuck').resource(configMaps)
  const metadata = { name: 'kept', namespace: 'default', finalizers: ['example.com/hold'] }
  await inside().create({ apiVersion: 'v1', kind: 'ConfigMap', metadata })
  await workspaces().delete({ name: 'stuck' })
  const why = async () => {
    const { conditions = [] } = ((await find('stuck'))?.['status'] ?? {}) as { conditions?: Condition[] }
    return conditions.find(({ type }) => type === 'WorkspaceContentDeleted')?.message
  }
  const message = await eventually(why, { what: 'it says why' })
  expect(message).toContain('configmaps has 1 resource instances')
  expect(message).toContain('example.com/hold in 1 resource instances')
  await hub.close()
  hub = await open()
  expect(await why()).toBe(message)
  const body = { metadata: { finalizers: null } }
  await inside().patch({ name: 'kept', namespace: 'default' }, { type: 'merge', body })
  await goes('stuck')
})
