import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Client, ObjectName } from '../../src/client/client.ts'
import { createClient } from '../../src/client/create-client.ts'
import { createHttpTransport } from '../../src/client/node/http-transport.ts'
import type { Hub } from '../../src/hub/hub.ts'
import { isNotFound } from '../../src/meta/api-errors.ts'
import type { KubeObject } from '../../src/meta/object.ts'
import { eventually } from '../support/eventually.ts'
import { startHubInProcess } from '../support/hub-in-process.ts'
import { createTempDir, type TempDir } from '../support/temp-dir.ts'

const configMaps = { group: '', version: 'v1', resource: 'configmaps' }
const workspaces = { group: 'tenancy.kcp.io', version: 'v1alpha1', resource: 'workspaces' }
const serviceAccounts = { group: '', version: 'v1', resource: 'serviceaccounts' }
const bindings = { group: 'rbac.authorization.k8s.io', version: 'v1', resource: 'clusterrolebindings' }

let folder: TempDir
let hub: Hub
let tenant: Client
let logicalCluster = ''
/** As a ServiceAccount that may do everything in the tenant's workspace, through the network and without its prefix. */
let account: Client
let closeAccount = () => {}

beforeAll(async () => {
  folder = await createTempDir('tenant-bounds')
  hub = await startHubInProcess(folder.path, 'memory')
  await hub.clientOf('root').resource(workspaces).create(workspaceNamed('tenant'))
  tenant = hub.clientOf('root:tenant')
  const { spec } = await hub.clientOf('root').resource(workspaces).get({ name: 'tenant' })
  logicalCluster = (spec as { cluster: string }).cluster
  await tenant.resource(bindings).create({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'all' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', namespace: 'default', name: 'default' }],
  })
  const asked = await tenant
    .resource(serviceAccounts)
    .create(
      { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata: { name: 'default' }, spec: {} },
      { subresource: 'token', namespace: 'default' },
    )
  const { token } = asked['status'] as { token: string }
  const http = createHttpTransport({ serverUrl: hub.url, token, insecureSkipTlsVerify: true })
  closeAccount = http.close
  account = createClient({ transport: http.transport })
})

afterAll(async () => {
  closeAccount()
  await hub.close()
  await folder.remove()
})

function workspaceNamed(name: string): KubeObject {
  return { apiVersion: 'tenancy.kcp.io/v1alpha1', kind: 'Workspace', metadata: { name }, spec: {} }
}

function configMap(name: string, metadata: Partial<KubeObject['metadata']> = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', ...metadata } }
}

const isGone = async (client: Client, name: ObjectName) =>
  client
    .resource(configMaps)
    .get(name)
    .then(() => false)
    .catch((error: unknown) => isNotFound(error))

test("a tenant's ServiceAccount does not read the numbers of the whole hub, however it addresses them", async () => {
  expect((await account.raw({ method: 'GET', path: '/api/v1/namespaces/default' })).status).toBe(200)
  for (const prefix of ['', '/clusters/root:tenant', `/clusters/${logicalCluster}`, '/clusters/root'])
    expect([prefix, (await account.raw({ method: 'GET', path: `${prefix}/metrics` })).status]).not.toContain(200)
})

test('a workspace whose finalizer its tenant takes away still goes as a whole', async () => {
  const mine = account.resource(workspaces)
  const made = await mine.create(workspaceNamed('child'))
  await mine.patch({ name: 'child' }, { type: 'merge', body: { metadata: { finalizers: null } } })
  await mine.delete({ name: 'child' })
  const { cluster = '' } = made['spec'] as { cluster?: string }
  const left = async () => (await hub.clientOf(cluster).raw({ method: 'GET', path: '/api' })).status
  await eventually(async () => (await left()) === 404, { what: 'the logical cluster is gone' })
})

test('a workspace that is made again under its path is another one', async () => {
  const mine = account.resource(workspaces)
  const inside = hub.clientOf('root:tenant:again')
  const status = async () => (await inside.raw({ method: 'GET', path: '/api/v1/namespaces' })).status
  const gone = () => mine.get({ name: 'again' }).then(() => false, isNotFound)
  await mine.create(workspaceNamed('again'))
  await inside.resource(configMaps).create(configMap('kept'))

  await mine.delete({ name: 'again' })
  await eventually(gone, { what: 'the workspace is gone' })
  expect(await status()).toBe(404)
  await mine.create(workspaceNamed('again'))
  expect(await status()).toBe(200)
  expect(await isGone(inside, { namespace: 'default', name: 'kept' })).toBe(true)
})

test('an object that is given an owner which has gone meanwhile is collected', async () => {
  const objects = tenant.resource(configMaps)
  const owner = await objects.create(configMap('owner'))
  await objects.create(configMap('adopted'))
  await objects.delete({ namespace: 'default', name: 'owner' })
  const reference = { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: owner.metadata.uid ?? '' }
  const adopted = { namespace: 'default', name: 'adopted' }
  await objects.patch(adopted, { type: 'merge', body: { metadata: { ownerReferences: [reference] } } })
  await eventually(() => isGone(tenant, adopted), { what: 'the object is collected' })
})
