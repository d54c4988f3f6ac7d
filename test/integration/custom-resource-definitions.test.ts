import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Hub } from '../../src/hub/hub.ts'
import { ignoreNotFound } from '../../src/meta/api-errors.ts'
import type { Condition, JsonObject, KubeObject } from '../../src/meta/object.ts'
import { eventually } from '../support/eventually.ts'
import { startHubInProcess } from '../support/hub-in-process.ts'
import { createTempDir, type TempDir } from '../support/temp-dir.ts'

const hold = 'example.com/hold'

let folder: TempDir
let hub: Hub
beforeAll(async () => {
  folder = await createTempDir('custom-resource-definitions')
  hub = await startHubInProcess(folder.path, 'memory')
})
afterAll(async () => {
  await hub.close()
  await folder.remove()
})

interface Crd extends KubeObject {
  status: { conditions: Condition[]; acceptedNames: { shortNames?: string[] }; storedVersions: string[] }
}

const crds = () =>
  hub.clientOf('root').resource<Crd>({
    group: 'apiextensions.k8s.io',
    version: 'v1',
    resource: 'customresourcedefinitions',
  })
const instances = (plural: string, group: string) =>
  hub.clientOf('root').resource({ group, version: 'v1', resource: plural })
const versionOf = (name: string, storage: boolean) => ({
  name,
  served: true,
  storage,
  schema: { openAPIV3Schema: { type: 'object' } },
})

async function create(plural: string, kind: string, group: string, shortName?: string): Promise<string> {
  const name = `${plural}.${group}`
  const names = { plural, kind, ...(shortName ? { shortNames: [shortName] } : {}) }
  const spec = { group, scope: 'Cluster', names, versions: [versionOf('v1', true)] }
  const crd = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name }, spec }
  await crds().create(crd as unknown as Crd)
  return name
}

const find = (name: string) => crds().get({ name }).catch(ignoreNotFound)
const goes = (name: string) => eventually(async () => !(await find(name)), { what: `${name} goes`, intervalMs: 20 })
const patch = (name: string, body: JsonObject) => crds().patch({ name }, { type: 'merge', body })
const patchStatus = (name: string, status: JsonObject) =>
  crds().patch({ name }, { type: 'merge', body: { status } }, { subresource: 'status' })
const conditionOf = (crd: Crd | undefined, type: string) =>
  crd?.status.conditions.find((condition) => condition.type === type)

test('a CRD that is going can still be written, and says how far its removal is', async () => {
  const name = await create('helds', 'Held', 'held.io')
  const held = { apiVersion: 'held.io/v1', kind: 'Held', metadata: { name: 'one', finalizers: [hold] } }
  await instances('helds', 'held.io').create(held)
  await crds().delete({ name })
  await eventually(async () => conditionOf(await find(name), 'Terminating')?.reason === 'InstanceDeletionInProgress', {
    what: 'the removal of instances is under way',
  })
  expect((await patch(name, { metadata: { labels: { a: 'b' } } })).metadata.labels).toEqual({ a: 'b' })
  const names = { shortNames: ['hd'] }
  expect((await patch(name, { spec: { names } })).status.acceptedNames.shortNames).toEqual(['hd'])
  await instances('helds', 'held.io').patch(
    { name: 'one' },
    { type: 'merge', body: { metadata: { finalizers: null } } },
  )
  await goes(name)
})

test('a CRD without instances that somebody holds says that they are removed', async () => {
  const name = await create('kepts', 'Kept', 'kept.io')
  await patch(name, { metadata: { finalizers: [hold] } })
  await crds().delete({ name })
  const crd = await eventually(
    async () => {
      const found = await find(name)
      return found?.metadata.finalizers?.join() === hold && found
    },
    { what: 'only its holder holds it', intervalMs: 20 },
  )
  expect(conditionOf(crd, 'Terminating')).toMatchObject({ status: 'False', reason: 'InstanceDeletionCompleted' })
  await patch(name, { metadata: { finalizers: null } })
  await goes(name)
})

test('stored versions that do not exist refuse changes until they are repaired, and do not keep a CRD from going', async () => {
  const name = await create('olds', 'Old', 'old.io')
  await patchStatus(name, { storedVersions: ['v1', 'v9'] })
  await expect(patch(name, { metadata: { labels: { a: 'b' } } })).rejects.toThrow('status.storedVersions[1]')
  await patchStatus(name, { storedVersions: ['v1'] })
  await patch(name, { metadata: { labels: { a: 'b' } } })
  await patchStatus(name, { storedVersions: ['v1', 'v9'] })
  await crds().delete({ name })
  await goes(name)
})

test('a CRD never forgets the version that it stores objects in', async () => {
  const name = await create('moves', 'Move', 'move.io')
  expect((await patchStatus(name, { storedVersions: [] })).status.storedVersions).toEqual(['v1'])
  expect((await patchStatus(name, { storedVersions: null })).status.storedVersions).toEqual(['v1'])
  const versions = [versionOf('v2', true)]
  await expect(patch(name, { spec: { versions } })).rejects.toThrow('missing from spec.versions')
})

const hasItsNames = (name: string) =>
  eventually(async () => conditionOf(await find(name), 'NamesAccepted')?.status === 'True', {
    what: `${name} has its names`,
    intervalMs: 20,
  })

test('a CRD that waits for a name is served when the one that has it goes', async () => {
  const first = await create('ones', 'Same', 'names.io')
  const second = await create('twos', 'Same', 'names.io')
  expect(conditionOf(await find(second), 'Established')?.status).toBe('False')
  await crds().delete({ name: first })
  await hasItsNames(second)
  const object = { apiVersion: 'names.io/v1', kind: 'Same', metadata: { name: 'object' } }
  expect((await instances('twos', 'names.io').create(object)).metadata.name).toBe('object')
})

test('a name that two wait for goes to one of them when its holder takes another', async () => {
  const holder = await create('firsts', 'First', 'short.io', 'it')
  const waiting = [
    await create('seconds', 'Second', 'short.io', 'it'),
    await create('thirds', 'Third', 'short.io', 'it'),
  ]
  await patch(holder, { spec: { names: { shortNames: ['other'] } } })
  await hasItsNames('seconds.short.io')
  const found = await Promise.all(waiting.map(find))
  expect(found.map((crd) => conditionOf(crd, 'Established')?.status)).toEqual(['True', 'False'])
  expect(found.map((crd) => crd?.status.acceptedNames.shortNames)).toEqual([['it'], undefined])
  await crds().delete({ name: 'seconds.short.io' })
  await hasItsNames('thirds.short.io')
})
