import { describe, expect, it } from 'vitest'
import type { Identity } from '../../client/transport.ts'
import type { KubeObject } from '../../meta/object.ts'
import { createRbacAuthorizer } from '../authorization/rbac-authorizer.ts'
import { admit, type AdmissionRequest } from '../testing/admission-request.ts'
import { MemoryReader, RbacFixture, user } from '../testing/memory-reader.ts'
import { createRbacEscalation } from './rbac-escalation.ts'

const group = 'rbac.authorization.k8s.io'
const ann: Identity = { name: 'ann', groups: ['dev', 'system:authenticated'] }
const readPods = { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods', 'pods/log'] }

function setUp() {
  const reader = new MemoryReader()
  const one = new RbacFixture(reader, 'one')
  one.clusterRole('reader', readPods).clusterRole('secrets', { verbs: ['*'], apiGroups: [''], resources: ['secrets'] })
  one
    .clusterRoleBinding('ann', 'reader', user('ann'))
    .clusterRole(
      'admin',
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
      { verbs: ['*'], nonResourceURLs: ['*'] },
    )
  one.role('web', 'local', { verbs: ['get'], apiGroups: [''], resources: ['secrets'] })
  const authorizer = createRbacAuthorizer({ reader, requireAccess: false })
  const plugin = createRbacEscalation(authorizer, authorizer)
  const write = (resource: string, object: object, more: AdmissionRequest = {}) =>
    admit(plugin, {
      group,
      resource,
      user: ann,
      namespace: resource.startsWith('cluster') ? '' : 'web',
      object: { metadata: { name: 'x' }, ...object },
      ...more,
    })
  const bind = (resource: string, kind: string, name: string, more: AdmissionRequest = {}) =>
    write(resource, { roleRef: { apiGroup: group, kind, name }, subjects: [user('bob')] }, more)
  return { one, write, bind, invalidate: () => authorizer.invalidate('one') }
}

describe('a role', () => {
  it('may grant what its author holds', async () => {
    const { write } = setUp()
    await expect(
      write('clusterroles', { rules: [readPods, { ...readPods, resourceNames: ['a'] }] }),
    ).resolves.toBeDefined()
    await expect(write('roles', { rules: [{ ...readPods, verbs: ['list'] }] })).resolves.toBeDefined()
  })

  it('may grant nothing more, and says what is missing', async () => {
    const { write } = setUp()
    const rules = [
      { verbs: ['get', 'delete'], apiGroups: ['', 'apps'], resources: ['pods'] },
      { verbs: ['get'], apiGroups: [''], resources: ['secrets'], resourceNames: ['a', 'b'] },
      { verbs: ['get', 'post'], nonResourceURLs: ['/metrics'] },
    ]
    await expect(write('clusterroles', { rules })).rejects.toMatchObject({
      code: 403,
      message: `clusterroles.rbac.authorization.k8s.io "x" is forbidden: user "ann" (groups=["dev" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:
{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}
{APIGroups:[""], Resources:["secrets"], ResourceNames:["a"], Verbs:["get"]}
{APIGroups:[""], Resources:["secrets"], ResourceNames:["b"], Verbs:["get"]}
{APIGroups:["apps"], Resources:["pods"], Verbs:["get" "delete"]}
{NonResourceURLs:["/metrics"], Verbs:["get"]}
{NonResourceURLs:["/metrics"], Verbs:["post"]}`,
    })
  })

  it('names roles that could not be found as a possible reason', async () => {
    const { one, write } = setUp()
    one.clusterRoleBinding('gone', 'gone', user('ann'))
    await expect(
      write('roles', { rules: [{ verbs: ['get'], apiGroups: [''], resources: ['nodes'] }] }),
    ).rejects.toMatchObject({
      message: expect.stringMatching(
        /; resolution errors: \[clusterrole.rbac.authorization.k8s.io "gone" not found\]$/,
      ) as string,
    })
  })

  it('may grant anything when its author may escalate it, or is of system:masters', async () => {
    const { one, write } = setUp()
    const escalate = { verbs: ['escalate'], apiGroups: [group], resources: ['roles'], resourceNames: ['x'] }
    one.clusterRole('escalate', escalate).clusterRoleBinding('e', 'escalate', user('ann'))
    const rules = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }]
    await expect(write('roles', { rules })).resolves.toBeDefined()
    await expect(write('roles', { metadata: { name: 'y' }, rules })).rejects.toMatchObject({ code: 403 })
    await expect(
      write('clusterroles', { rules }, { user: { name: 'm', groups: ['system:masters'] } }),
    ).resolves.toBeDefined()
  })

  it('aggregates only at the hand of an administrator', async () => {
    const { one, write, invalidate } = setUp()
    const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] }
    const message = expect.stringContaining('must have cluster-admin privileges to use the aggregationRule') as string
    await expect(write('clusterroles', { aggregationRule })).rejects.toMatchObject({ code: 403, message })
    const oldObject: KubeObject = { metadata: { name: 'x' }, aggregationRule }
    await expect(write('clusterroles', { rules: [] }, { oldObject })).rejects.toMatchObject({ code: 403, message })
    one.clusterRoleBinding('admin', 'admin', user('boss'))
    invalidate()
    await expect(
      write('clusterroles', { aggregationRule }, { user: { name: 'boss', groups: [] } }),
    ).resolves.toBeDefined()
  })

  it('may have its owners and finalizers changed by anybody who may write it', async () => {
    const { write } = setUp()
    const rules = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }]
    const oldObject: KubeObject = { metadata: { name: 'x', finalizers: ['a/b'] }, rules }
    await expect(write('clusterroles', { rules }, { oldObject })).resolves.toBeDefined()
    await expect(
      write('clusterroles', { metadata: { name: 'x', labels: {} }, rules }, { oldObject }),
    ).rejects.toMatchObject({ code: 403 })
  })

  it('of lists that multiply beyond measure is refused quickly', async () => {
    const { write } = setUp()
    const many = Array.from({ length: 400 }, (_, index) => `n${index}`)
    await expect(write('roles', { rules: [{ verbs: many, apiGroups: many, resources: many }] })).rejects.toMatchObject({
      code: 403,
      message: expect.stringContaining('combine to more than 100000 single permissions') as string,
    })
  })
})

describe('a binding', () => {
  it('needs all that the role grants', async () => {
    const { bind } = setUp()
    await expect(bind('clusterrolebindings', 'ClusterRole', 'reader')).resolves.toBeDefined()
    await expect(bind('rolebindings', 'ClusterRole', 'reader')).resolves.toBeDefined()
    await expect(bind('rolebindings', 'ClusterRole', 'secrets')).rejects.toMatchObject({
      code: 403,
      message: expect.stringContaining('rolebindings.rbac.authorization.k8s.io "x" is forbidden: user "ann"') as string,
    })
    await expect(bind('rolebindings', 'Role', 'local')).rejects.toMatchObject({ code: 403 })
  })

  it('counts what its author holds in that namespace', async () => {
    const { one, bind } = setUp()
    one.roleBinding('web', 's', 'ClusterRole/secrets', user('ann'))
    await expect(bind('rolebindings', 'Role', 'local')).resolves.toBeDefined()
    await expect(bind('clusterrolebindings', 'ClusterRole', 'secrets')).rejects.toMatchObject({ code: 403 })
  })

  it('needs no rule where its author may bind that very role', async () => {
    const { one, bind } = setUp()
    const rule = { verbs: ['bind'], apiGroups: [group], resources: ['clusterroles'], resourceNames: ['admin'] }
    one.role('web', 'binder', rule).roleBinding('web', 'b', 'Role/binder', user('ann'))
    await expect(bind('rolebindings', 'ClusterRole', 'admin')).resolves.toBeDefined()
    await expect(bind('clusterrolebindings', 'ClusterRole', 'admin')).rejects.toMatchObject({ code: 403 })
    await expect(bind('rolebindings', 'ClusterRole', 'secrets')).rejects.toMatchObject({ code: 403 })
  })

  it('to a missing role is 404', async () => {
    const { bind } = setUp()
    await expect(bind('rolebindings', 'ClusterRole', 'none')).rejects.toMatchObject({
      code: 404,
      message: 'clusterrole.rbac.authorization.k8s.io "none" not found',
    })
  })

  it('counts nothing that its author holds in another workspace', async () => {
    const { bind } = setUp()
    await expect(bind('clusterrolebindings', 'ClusterRole', 'reader', { logicalCluster: 'two' })).rejects.toMatchObject(
      { code: 404 },
    )
  })
})
