import { describe, expect, it } from 'vitest'
import type { ApiRequest, Identity } from '../../client/transport.ts'
import { createRbacAuthorizer } from '../authorization/rbac-authorizer.ts'
import { MemoryReader, RbacFixture, user } from '../testing/memory-reader.ts'
import { logicalClusterExtra, scopesExtra } from './identity.ts'
import { impersonate } from './impersonation.ts'

const master: Identity = { name: 'admin', groups: ['system:masters'] }
const tenant: Identity = { name: 'ann', groups: ['system:authenticated'] }

function setUp() {
  const reader = new MemoryReader()
  const authorizer = createRbacAuthorizer({ reader, requireAccess: false })
  const all = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] }
  new RbacFixture(reader, 'one').clusterRole('cluster-admin', all).clusterRoleBinding('b', 'cluster-admin', user('ann'))
  const act = async (requestor: Identity, headers: ApiRequest['headers'], logicalCluster = 'one') =>
    impersonate({ headers, requestor, logicalCluster, authorizer })
  return { reader, act }
}

const rule = (resource: string, name: string, apiGroup = '') => ({
  verbs: ['impersonate'],
  apiGroups: [apiGroup],
  resources: [resource],
  resourceNames: [name],
})

describe('impersonation', () => {
  it('is nothing without its headers', async () => {
    expect(await setUp().act(tenant, { accept: '*/*' })).toBeUndefined()
  })

  it('makes the requestor the user that it names, with groups, uid and extras', async () => {
    const { act } = setUp()
    const headers = {
      'impersonate-user': 'bob',
      'impersonate-group': ['dev', 'ops'],
      'impersonate-uid': '7',
      'impersonate-extra-acme.com%2fproject': ['a', 'b'],
    }
    expect(await act(master, headers)).toEqual({
      name: 'bob',
      uid: '7',
      groups: ['dev', 'ops', 'system:authenticated'],
      extra: { 'acme.com/project': ['a', 'b'] },
    })
  })

  it('keeps the result within the workspace that allowed it', async () => {
    const { act } = setUp()
    const scoped = { ...tenant, extra: { [scopesExtra]: ['cluster:one,cluster:two'] } }
    expect((await act(tenant, { 'impersonate-user': 'bob' }))?.extra).toEqual({ [scopesExtra]: ['cluster:one'] })
    expect((await act(scoped, { 'impersonate-user': 'bob' }))?.extra).toEqual({
      [scopesExtra]: ['cluster:one,cluster:two', 'cluster:one'],
    })
  })

  it('gives a ServiceAccount its groups and its workspace', async () => {
    const { act } = setUp()
    expect(await act(master, { 'impersonate-user': 'system:serviceaccount:web:bot' })).toEqual({
      name: 'system:serviceaccount:web:bot',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:web', 'system:authenticated'],
      extra: { [logicalClusterExtra]: ['one'] },
    })
  })

  it('adds the standing group of the anonymous user, and none where one was given', async () => {
    const { act } = setUp()
    expect((await act(master, { 'impersonate-user': 'system:anonymous' }))?.groups).toEqual(['system:unauthenticated'])
    const given = { 'impersonate-user': 'x', 'impersonate-group': 'system:unauthenticated' }
    expect((await act(master, given))?.groups).toEqual(['system:unauthenticated'])
  })

  it.each([
    [
      { 'impersonate-group': 'g' },
      'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"g"}, Extra:map[string][]string(nil)} without impersonating a user name',
    ],
    [
      { 'impersonate-uid': '7' },
      'requested &user.DefaultInfo{Name:"", UID:"7", Groups:[]string(nil), Extra:map[string][]string(nil)} without impersonating a user name',
    ],
    [
      { 'impersonate-extra-b': 'x', 'impersonate-extra-a': 'y' },
      'Extra:map[string][]string{"a":[]string{"y"}, "b":[]string{"x"}}',
    ],
  ])('without a user is a bad request: %j', async (headers, message) => {
    await expect(setUp().act(master, headers)).rejects.toMatchObject({
      code: 400,
      message: expect.stringContaining(message) as string,
    })
  })

  it.each([
    [
      { 'impersonate-user': 'bob' },
      'users "bob" is forbidden: User "ann" cannot impersonate resource "users" in API group "" at the cluster scope',
    ],
    [
      { 'impersonate-user': 'system:serviceaccount:web:bot' },
      'serviceaccounts "bot" is forbidden: User "ann" cannot impersonate resource "serviceaccounts" in API group "" in the namespace "web"',
    ],
    [{ 'impersonate-user': 'system:serviceaccount:a:b:c' }, 'users "system:serviceaccount:a:b:c" is forbidden'],
  ])('needs the right to: %j', async (headers, message) => {
    await expect(setUp().act(tenant, headers, 'two')).rejects.toMatchObject({
      code: 403,
      message: expect.stringContaining(message) as string,
    })
  })

  it('needs the right for every value', async () => {
    const { reader, act } = setUp()
    const role = [
      rule('users', 'bob'),
      rule('groups', 'dev'),
      rule('userextras/k', 'v', 'authentication.k8s.io'),
      rule('uids', '7', 'authentication.k8s.io'),
    ]
    new RbacFixture(reader, 'two').clusterRole('r', ...role).clusterRoleBinding('b', 'r', user('ann'))
    const allowed = {
      'impersonate-user': 'bob',
      'impersonate-group': 'dev',
      'impersonate-uid': '7',
      'impersonate-extra-k': 'v',
    }
    expect((await act(tenant, allowed, 'two'))?.name).toBe('bob')
    for (const more of [
      { 'impersonate-group': ['dev', 'ops'] },
      { 'impersonate-uid': '8' },
      { 'impersonate-extra-k': ['v', 'w'] },
      { 'impersonate-extra-l': 'v' },
    ])
      await expect(act(tenant, { ...allowed, ...more }, 'two')).rejects.toMatchObject({ code: 403 })
  })

  it.each([
    { 'impersonate-group': 'system:masters' },
    { 'impersonate-group': ['dev', 'system:masters'] },
    { 'impersonate-group': 'system:kcp:admin' },
    { [`impersonate-extra-${encodeURIComponent(logicalClusterExtra)}`]: 'two' },
    { [`impersonate-extra-${scopesExtra}`]: 'cluster:two' },
    { 'impersonate-extra-authorization.kcp.io/warrant': '{}' },
  ])('lets an administrator of a workspace leave it in no way: %j', async (headers) => {
    const { act } = setUp()
    await expect(act(tenant, { 'impersonate-user': 'bob', ...headers })).rejects.toMatchObject({ code: 403 })
    expect(await act(master, { 'impersonate-user': 'bob', ...headers })).toBeDefined()
  })
})
