import { beforeEach, describe, expect, test } from 'vitest'
import {
  coreGroup,
  logicalClusterSingleton,
  pathAnnotation,
  tenancyGroup,
} from '../../registry/tenancy/workspace-crd.ts'
import type { Workspace, WorkspaceType } from '../../registry/tenancy/workspace-objects.ts'
import { createRbacAuthorizer } from '../authorization/rbac-authorizer.ts'
import { admit } from '../testing/admission-request.ts'
import { MemoryReader, RbacFixture, user } from '../testing/memory-reader.ts'
import { createWorkspaceAdmission } from './workspace-admission.ts'

const anna = { name: 'anna', groups: ['system:authenticated'] }
let reader: MemoryReader

function workspaceAt(logicalCluster: string, path: string, owner?: { cluster: string; type: string }): void {
  const at = { logicalCluster, group: coreGroup, resource: 'logicalclusters', namespace: '' }
  reader.put(
    { ...at, name: logicalClusterSingleton },
    {
      metadata: { name: logicalClusterSingleton, annotations: { [pathAnnotation]: path } },
      spec: owner ? { owner: { cluster: owner.cluster } } : {},
    },
  )
  if (!owner) return
  const name = path.slice(path.lastIndexOf(':') + 1)
  reader.put(
    { logicalCluster: owner.cluster, group: tenancyGroup, resource: 'workspaces', namespace: '', name },
    { metadata: { name }, spec: { type: { name: owner.type, path: 'root' }, cluster: logicalCluster } },
  )
}

function typeIn(logicalCluster: string, name: string, spec: WorkspaceType['spec'] = {}): void {
  const address = { logicalCluster, group: tenancyGroup, resource: 'workspacetypes', namespace: '', name }
  reader.put(address, { metadata: { name }, spec })
}

function mayUse(logicalCluster: string, ...names: string[]): void {
  const rule = { verbs: ['use'], apiGroups: [tenancyGroup], resources: ['workspacetypes'], resourceNames: names }
  new RbacFixture(reader, logicalCluster).clusterRole('users', rule).clusterRoleBinding('users', 'users', user('anna'))
}

/** What a new workspace becomes. */
async function created(logicalCluster: string, type?: { name: string; path?: string }): Promise<Workspace> {
  const plugin = createWorkspaceAdmission({
    reader,
    rules: createRbacAuthorizer({ reader }),
    newName: () => 'thename',
    urlOf: (path) => `https://hub/clusters/${path}`,
  })
  const object: Workspace = { metadata: { name: 'new' }, spec: type ? { type } : {} }
  await admit(plugin, { group: tenancyGroup, resource: 'workspaces', name: 'new', logicalCluster, user: anna, object })
  return object
}

describe('a new workspace', () => {
  beforeEach(() => {
    reader = new MemoryReader()
    workspaceAt('root', 'root')
    workspaceAt('acme', 'root:acme', { cluster: 'root', type: 'organization' })
    typeIn('root', 'root')
    typeIn('root', 'universal')
    typeIn('root', 'organization', { defaultChildWorkspaceType: { name: 'universal', path: 'root' } })
    mayUse('root', 'universal', 'organization')
  })

  test('gets a name, a URL and the default type of its parent', async () => {
    const { spec } = await created('acme')
    expect(spec).toEqual({
      type: { name: 'universal', path: 'root' },
      cluster: 'thename',
      URL: 'https://hub/clusters/root:acme:new',
    })
  })

  test('finds its type in the nearest workspace above that has one of that name', async () => {
    typeIn('acme', 'universal', { additionalWorkspaceLabels: { from: 'acme' } })
    mayUse('acme', 'universal')
    const { spec, metadata } = await created('acme', { name: 'universal' })
    expect(spec.type).toEqual({ name: 'universal', path: 'root:acme' })
    expect(metadata.labels).toEqual({ from: 'acme' })
  })

  test('needs the right to use its type, granted where the type lives', async () => {
    typeIn('root', 'secret')
    await expect(created('acme', { name: 'secret' })).rejects.toMatchObject({
      code: 403,
      message: expect.stringContaining(
        `unable to use workspacetype "root:secret": missing verb='use' permission on workspacetype`,
      ),
    })
  })

  test('needs the right to use what its type extends, however far away', async () => {
    typeIn('root', 'base', { additionalWorkspaceLabels: { tier: 'base', cost: 'low' } })
    typeIn('root', 'middle', { extend: { with: [{ name: 'base' }] } })
    typeIn('root', 'special', {
      extend: { with: [{ name: 'middle' }] },
      additionalWorkspaceLabels: { tier: 'special' },
    })
    mayUse('root', 'special', 'middle')
    await expect(created('acme', { name: 'special' })).rejects.toMatchObject({
      message: expect.stringContaining('"root:base"'),
    })
    mayUse('root', 'special', 'middle', 'base')
    expect((await created('acme', { name: 'special' })).metadata.labels).toEqual({ tier: 'special', cost: 'low' })
  })

  test('cannot be given a label of the hub by its type', async () => {
    typeIn('root', 'liar', { additionalWorkspaceLabels: { 'tenancy.kcp.io/phase': 'Ready' } })
    mayUse('root', 'liar')
    await expect(created('acme', { name: 'liar' })).rejects.toMatchObject({
      code: 403,
      message: expect.stringContaining('its type sets the reserved label "tenancy.kcp.io/phase"'),
    })
  })

  test('of a type that extends itself in a circle is made', async () => {
    typeIn('root', 'hen', { extend: { with: [{ name: 'egg' }] } })
    typeIn('root', 'egg', { extend: { with: [{ name: 'hen' }] } })
    mayUse('root', 'hen', 'egg')
    expect((await created('acme', { name: 'hen' })).spec.type).toEqual({ name: 'hen', path: 'root' })
  })

  test('is refused when a type is missing, its own or one that it extends', async () => {
    await expect(created('acme', { name: 'nope' })).rejects.toMatchObject({
      message: expect.stringContaining('workspace type "nope" does not exist'),
    })
    typeIn('root', 'half', { extend: { with: [{ name: 'lost', path: 'root' }] } })
    mayUse('root', 'half')
    await expect(created('acme', { name: 'half' })).rejects.toMatchObject({
      message: expect.stringContaining('workspace type "root:half" extends "root:lost", which does not exist'),
    })
  })

  test('is allowed below a parent by what its type extends', async () => {
    typeIn('root', 'organization', { limitAllowedChildren: { types: [{ name: 'universal', path: 'root' }] } })
    typeIn('root', 'own', { extend: { with: [{ name: 'universal' }] } })
    typeIn('root', 'other')
    mayUse('root', 'universal', 'own', 'other')
    expect((await created('acme', { name: 'own' })).spec.type?.name).toBe('own')
    await expect(created('acme', { name: 'other' })).rejects.toMatchObject({
      message: expect.stringContaining(
        'workspace type "root:organization" does not allow children of type "root:other"',
      ),
    })
  })

  test('keeps the limits on parents of what its type extends', async () => {
    typeIn('root', 'top-only', { limitAllowedParents: { types: [{ name: 'root', path: 'root' }] } })
    typeIn('root', 'own', { extend: { with: [{ name: 'top-only' }] } })
    mayUse('root', 'top-only', 'own')
    expect((await created('root', { name: 'own' })).spec.type?.name).toBe('own')
    await expect(created('acme', { name: 'own' })).rejects.toMatchObject({
      message: expect.stringContaining(
        'workspace type "root:top-only" does not allow a parent of type "root:organization"',
      ),
    })
  })
})
