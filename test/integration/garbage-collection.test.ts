import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Hub } from '../../src/hub/hub.ts'
import { isNotFound } from '../../src/meta/api-errors.ts'
import type { KubeObject, ObjectMeta, OwnerReference } from '../../src/meta/object.ts'
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

/** A reference that makes the object wait for what has it. */
function ownedBy({ metadata: { name = '', uid = '' } }: KubeObject): OwnerReference {
  return { apiVersion: 'v1', kind: 'ConfigMap', name, uid, blockOwnerDeletion: true }
}

/** A ConfigMap and one that it owns; the owned one is held when finalizers are given. */
async function pair(owner: string, dependent: string, metadata: ObjectMeta = {}): Promise<KubeObject> {
  const ownerReferences = [ownedBy(await create(owner))]
  return create(dependent, { ...metadata, ownerReferences })
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

test('what goes with its owner and has the finalizer orphan leaves what it owned itself', async () => {
  const middle = await pair('top', 'middle', { finalizers: ['orphan'] })
  await create('bottom', { ownerReferences: [ownedBy(middle)] })
  await objects().delete({ name: 'top', namespace }, { propagationPolicy: 'Background' })
  await goes('middle')
  const bottom = await find('bottom')
  expect(bottom?.metadata.ownerReferences).toBeUndefined()
  expect(bottom?.metadata.deletionTimestamp).toBeUndefined()
})

test('what goes with its owner and has the finalizer foregroundDeletion waits for what it owns itself', async () => {
  const waits = await pair('above', 'waits', { finalizers: ['foregroundDeletion'] })
  await create('below', { finalizers: [hold], ownerReferences: [ownedBy(waits)] })
  await objects().delete({ name: 'above', namespace }, { propagationPolicy: 'Background' })
  await isMarked('below')
  expect((await find('waits'))?.metadata.finalizers).toEqual(['foregroundDeletion'])
  await release('below')
  await goes('below')
  await goes('waits')
})

test('in the foreground, what has an owner that stays is only cut loose from the one that goes', async () => {
  const owners = [await create('goes'), await create('stays')]
  await create('shared', { ownerReferences: owners.map(ownedBy) })
  await objects().delete({ name: 'goes', namespace }, { propagationPolicy: 'Foreground' })
  await goes('goes')
  const shared = await find('shared')
  expect(shared?.metadata.ownerReferences?.map(({ name }) => name)).toEqual(['stays'])
  expect(shared?.metadata.deletionTimestamp).toBeUndefined()
})

test('in the foreground, what names its owner in a version that is not served goes, too', async () => {
  const reference = { ...ownedBy(await create('versioned')), apiVersion: 'v1beta9' }
  await create('outdated', { ownerReferences: [reference] })
  await objects().delete({ name: 'versioned', namespace }, { propagationPolicy: 'Foreground' })
  await goes('outdated')
  await goes('versioned')
})

test('in the foreground, objects that own each other in a circle all go', async () => {
  const one = await create('circle-1')
  const two = await create('circle-2', { ownerReferences: [ownedBy(one)] })
  const three = await create('circle-3', { ownerReferences: [ownedBy(two)] })
  const ownerReferences = [{ ...ownedBy(three) }]
  await objects().patch({ name: 'circle-1', namespace }, { type: 'merge', body: { metadata: { ownerReferences } } })
  await objects().delete({ name: 'circle-1', namespace }, { propagationPolicy: 'Foreground' })
  for (const name of ['circle-1', 'circle-2', 'circle-3']) await goes(name)
})

test('in the foreground, what is elsewhere than its owner is not waited for', async () => {
  const owner = await create('here')
  const reference = { ...ownedBy(owner) }
  const roles = hub
    .clientOf('root')
    .resource({ group: 'rbac.authorization.k8s.io', version: 'v1', resource: 'clusterroles' })
  const metadata = { name: 'everywhere', ownerReferences: [reference] }
  await roles.create({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata })
  await objects().delete({ name: 'here', namespace }, { propagationPolicy: 'Foreground' })
  await goes('here')
  expect((await roles.get({ name: 'everywhere' })).metadata.deletionTimestamp).toBeUndefined()
})
