import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Hub } from '../../src/hub/hub.ts'
import { isNotFound } from '../../src/meta/api-errors.ts'
import type { KubeObject, ObjectMeta } from '../../src/meta/object.ts'
import { eventually } from '../support/eventually.ts'
import { startHubInProcess } from '../support/hub-in-process.ts'
import { createTempDir, type TempDir } from '../support/temp-dir.ts'

const hold = 'example.com/hold'
const namespace = 'default'

let folder: TempDir
let hub: Hub
beforeAll(async () => {
  folder = await createTempDir('garbage-collection')
  hub = await startHubInProcess(folder.path, 'memory')
})
afterAll(async () => {
  await hub.close()
  await folder.remove()
})

const objects = () => hub.clientOf('root').resource({ group: '', version: 'v1', resource: 'configmaps' })
const create = (name: string, metadata: ObjectMeta = {}) =>
  objects().create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, ...metadata } })
const find = (name: string): Promise<KubeObject | undefined> =>
  objects()
    .get({ name, namespace })
    .catch((error: unknown) => {
      if (isNotFound(error)) return undefined
      throw error
    })
const release = (name: string) =>
  objects().patch({ name, namespace }, { type: 'merge', body: { metadata: { finalizers: null } } })
const goes = (name: string) => eventually(async () => !(await find(name)), { what: `${name} goes`, intervalMs: 20 })
const isMarked = (name: string) =>
  eventually(async () => (await find(name))?.metadata.deletionTimestamp, {
    what: `${name} is marked`,
    intervalMs: 20,
  })

/** A ConfigMap and one that it owns; the owned one is held when finalizers are given. */
async function pair(owner: string, dependent: string, metadata: ObjectMeta = {}): Promise<void> {
  const { uid = '' } = (await create(owner)).metadata
  const reference = { apiVersion: 'v1', kind: 'ConfigMap', name: owner, uid, blockOwnerDeletion: true }
  await create(dependent, { ...metadata, ownerReferences: [reference] })
}

test('in the background, the owner goes first and what it owns behind it', async () => {
  await pair('first', 'second')
  await objects().delete({ name: 'first', namespace }, { propagationPolicy: 'Background' })
  expect(await find('first')).toBeUndefined()
  await goes('second')
})

test('in the foreground, the owner waits for what it owns, as long as others hold that', async () => {
  await pair('waiting', 'held', { finalizers: [hold] })
  await objects().delete({ name: 'waiting', namespace }, { propagationPolicy: 'Foreground' })
  await isMarked('held')
  expect((await find('waiting'))?.metadata.finalizers).toEqual(['foregroundDeletion'])
  // The collector has marked it in the foreground as well: what it owned would go before it.
  await eventually(async () => (await find('held'))?.metadata.finalizers?.join() === hold, { what: 'only held' })
  await release('held')
  await goes('held')
  await goes('waiting')
})

test('orphaned, what it owned stays and has no owner any more', async () => {
  await pair('parent', 'left')
  await objects().delete({ name: 'parent', namespace }, { propagationPolicy: 'Orphan' })
  await goes('parent')
  expect((await find('left'))?.metadata.ownerReferences).toBeUndefined()
  expect((await find('left'))?.metadata.deletionTimestamp).toBeUndefined()
})

test('what a foreign finalizer holds still goes in the foreground when its policy is asked for later', async () => {
  await pair('late', 'owned')
  await objects().patch({ name: 'late', namespace }, { type: 'merge', body: { metadata: { finalizers: [hold] } } })
  await objects().delete({ name: 'late', namespace }, { propagationPolicy: 'Background' })
  await isMarked('late')
  await objects().delete({ name: 'late', namespace }, { propagationPolicy: 'Foreground' })
  await goes('owned')
  expect((await find('late'))?.metadata.finalizers).toContain(hold)
  await release('late')
  await goes('late')
})
