import { describe, expect, it } from 'vitest'
import { isPromise } from '../../base/maybe-promise.ts'
import type { Identity } from '../../client/transport.ts'
import {
  logicalClusterExtra,
  scopesExtra,
  serviceAccountGroups,
  serviceAccountUserName,
} from '../authentication/identity.ts'
import { groupSubject, MemoryReader, RbacFixture, serviceAccount, user } from '../testing/memory-reader.ts'
import {
  pathAttributes,
  resourceAttributes,
  type AuthorizationAttributes,
  type AuthorizationDecision,
} from './attributes.ts'
import { workspaceAccessDenied } from './forbidden.ts'
import { createRbacAuthorizer } from './rbac-authorizer.ts'
import { RuleSet } from './user-rules.ts'

const alice: Identity = { name: 'alice', groups: ['dev', 'system:authenticated'] }
const master: Identity = { name: 'admin', groups: ['system:masters', 'system:authenticated'] }
const readPods = { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] }

function serviceAccountIn(logicalCluster: string, namespace: string, name: string): Identity {
  return {
    name: serviceAccountUserName(namespace, name),
    groups: [...serviceAccountGroups(namespace), 'system:authenticated'],
    extra: { [logicalClusterExtra]: [logicalCluster] },
  }
}

function setUp(requireAccess = true) {
  const reader = new MemoryReader()
  const authorizer = createRbacAuthorizer({ reader, requireAccess })
  return {
    reader,
    authorizer,
    one: new RbacFixture(reader, 'one'),
    two: new RbacFixture(reader, 'two'),
    ask: (attributes: AuthorizationAttributes): AuthorizationDecision => {
      const decision = authorizer.authorize(attributes)
      if (isPromise(decision)) throw new Error('expected an answer at once')
      return decision
    },
  }
}

const rule = (resource: string) => ({ verbs: ['get'], apiGroups: ['*'], resources: [resource] })

const getPod = (who: Identity, logicalCluster = 'one', namespace = 'web', name = 'a') =>
  resourceAttributes(who, logicalCluster, 'get', { version: 'v1', resource: 'pods', namespace, name })

describe('the gate in front of a workspace', () => {
  it('denies everything to a user without access, whatever roles they have there', () => {
    const { one, ask } = setUp()
    one.clusterRole('reader', readPods).clusterRoleBinding('b', 'reader', user('alice'))
    expect(ask(getPod(alice))).toEqual({ allowed: false, reason: workspaceAccessDenied })
  })

  it('lets a user with access in, and then only the rules count', () => {
    const { one, ask } = setUp()
    one.access(user('alice')).clusterRole('reader', readPods).clusterRoleBinding('b', 'reader', groupSubject('dev'))
    expect(ask(getPod(alice))).toEqual({
      allowed: true,
      reason: 'RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "reader" to Group "dev"',
    })
    expect(ask(resourceAttributes(alice, 'one', 'delete', { resource: 'pods' }))).toEqual({
      allowed: false,
      reason: '',
    })
  })

  it('is open to ServiceAccounts of the workspace itself and shut to those of another one', () => {
    const { one, ask } = setUp()
    one.clusterRole('reader', readPods).clusterRoleBinding('b', 'reader', serviceAccount('ci', 'bot'))
    expect(ask(getPod(serviceAccountIn('one', 'ci', 'bot'))).allowed).toBe(true)
    expect(ask(getPod(serviceAccountIn('two', 'ci', 'bot')))).toEqual({ allowed: false, reason: workspaceAccessDenied })
  })

  it('is not there when access is not required', () => {
    const { one, ask } = setUp(false)
    one.clusterRole('reader', readPods).clusterRoleBinding('b', 'reader', user('alice'))
    expect(ask(getPod(alice)).allowed).toBe(true)
  })
})

describe('paths of the logical cluster whose existence is no secret', () => {
  it('meet its rules without the gate, its resources do not', () => {
    const { reader, one } = setUp()
    const authorizer = createRbacAuthorizer({ reader, openPathsOf: 'one' })
    one.clusterRole('health', { verbs: ['get'], nonResourceURLs: ['/healthz'] }, readPods)
    one.clusterRoleBinding('health', 'health', groupSubject('system:authenticated'))
    const allowed = (attributes: AuthorizationAttributes) => {
      const decision = authorizer.authorize(attributes)
      if (isPromise(decision)) throw new Error('expected an answer at once')
      return decision.allowed
    }
    expect(allowed(pathAttributes(alice, 'one', 'get', '/healthz'))).toBe(true)
    expect(allowed(pathAttributes(alice, 'one', 'get', '/metrics'))).toBe(false)
    expect(allowed(getPod(alice))).toBe(false)
    expect(allowed(pathAttributes(alice, 'two', 'get', '/healthz'))).toBe(false)
  })
})

describe('users and scopes', () => {
  it('lets system:masters do everything everywhere, without reading a rule', () => {
    const { reader, ask } = setUp()
    expect(ask(getPod(master, 'nowhere')).allowed).toBe(true)
    expect(ask(getPod(master, '*')).allowed).toBe(true)
    expect(reader.reads).toBe(0)
  })

  it('keeps requests over all workspaces for system:masters', () => {
    const { reader, ask } = setUp()
    new RbacFixture(reader, '*')
      .access(user('alice'))
      .clusterRole('r', readPods)
      .clusterRoleBinding('b', 'r', user('alice'))
    expect(ask(getPod(alice, '*')).allowed).toBe(false)
  })

  it('lets a workspace open itself to ServiceAccounts of another one by the group of that one', () => {
    const { one, ask } = setUp()
    const others = groupSubject('system:cluster:two')
    one.access(others).clusterRole('reader', readPods).clusterRoleBinding('b', 'reader', others)
    expect(ask(getPod(serviceAccountIn('two', 'ci', 'bot'))).allowed).toBe(true)
    expect(ask(getPod(serviceAccountIn('three', 'ci', 'bot'))).allowed).toBe(false)
  })

  it('does not take a ServiceAccount of another workspace for one of the same name here', () => {
    const { one, ask } = setUp(false)
    one.clusterRole('reader', readPods).clusterRoleBinding('b', 'reader', serviceAccount('ci', 'bot'))
    one.clusterRoleBinding('c', 'reader', groupSubject('system:serviceaccounts'))
    expect(ask(getPod(serviceAccountIn('two', 'ci', 'bot'))).allowed).toBe(false)
  })

  it('takes a scoped user for a stranger outside the scope, system:masters among them', () => {
    const { one, two, ask } = setUp(false)
    for (const fixture of [one, two])
      fixture.clusterRole('reader', readPods).clusterRoleBinding('b', 'reader', user('alice'))
    const scoped = { ...alice, extra: { [scopesExtra]: ['cluster:one'] } }
    expect(ask(getPod(scoped, 'one')).allowed).toBe(true)
    expect(ask(getPod(scoped, 'two')).allowed).toBe(false)
    const bounded = { ...master, extra: { [scopesExtra]: ['cluster:one,cluster:three', 'cluster:one,cluster:two'] } }
    expect(ask(getPod(bounded, 'one')).allowed).toBe(true)
    expect(ask(getPod(bounded, 'two')).allowed).toBe(false)
    expect(ask(getPod({ ...alice, extra: { [scopesExtra]: ['nonsense'] } }, 'one')).allowed).toBe(false)
  })
})

describe('rules', () => {
  it('hold in the namespace of a RoleBinding only', () => {
    const { one, ask } = setUp(false)
    one.clusterRole('reader', readPods).roleBinding('web', 'b', 'ClusterRole/reader', user('alice'))
    expect(ask(getPod(alice, 'one', 'web')).allowed).toBe(true)
    expect(ask(getPod(alice, 'one', 'other')).allowed).toBe(false)
    expect(ask(resourceAttributes(alice, 'one', 'list', { resource: 'pods' })).allowed).toBe(false)
  })

  it('find a Role in the namespace of its binding, never in another or from a ClusterRoleBinding', () => {
    const { one, ask } = setUp(false)
    one.role('web', 'reader', readPods).roleBinding('web', 'b', 'Role/reader', user('alice'))
    one.roleBinding('other', 'b', 'Role/reader', user('alice'))
    expect(ask(getPod(alice, 'one', 'web')).allowed).toBe(true)
    expect(ask(getPod(alice, 'one', 'other'))).toEqual({
      allowed: false,
      reason: 'RBAC: role.rbac.authorization.k8s.io "reader" not found',
    })
  })

  it('with resourceNames match those names and no request without one', () => {
    const { one, ask } = setUp(false)
    one
      .clusterRole('r', { ...readPods, verbs: ['*'], resourceNames: ['a', 'b'] })
      .clusterRoleBinding('b', 'r', user('alice'))
    expect(ask(getPod(alice, 'one', 'web', 'a')).allowed).toBe(true)
    expect(ask(getPod(alice, 'one', 'web', 'c')).allowed).toBe(false)
    expect(ask(resourceAttributes(alice, 'one', 'create', { resource: 'pods', namespace: 'web' })).allowed).toBe(false)
  })

  it('speak about subresources by name, by star and not by the resource alone', () => {
    const { one, ask } = setUp(false)
    one.clusterRole('log', rule('pods/log')).clusterRoleBinding('log', 'log', user('log'))
    one.clusterRole('scale', rule('*/scale')).clusterRoleBinding('scale', 'scale', user('scale'))
    one.clusterRole('pods', rule('pods')).clusterRoleBinding('pods', 'pods', user('pods'))
    const may = (name: string, resource: string, subresource: string) =>
      ask(resourceAttributes({ name, groups: [] }, 'one', 'get', { resource, subresource })).allowed
    expect([may('log', 'pods', 'log'), may('log', 'pods', ''), may('log', 'pods', 'exec')]).toEqual([
      true,
      false,
      false,
    ])
    expect([may('scale', 'deployments', 'scale'), may('scale', 'scale', '')]).toEqual([true, false])
    expect([may('pods', 'pods', 'log'), may('pods', 'pods', '')]).toEqual([false, true])
  })

  it('match paths exactly or by a star at the end', () => {
    const { one, ask } = setUp(false)
    one
      .clusterRole('r', { verbs: ['get'], nonResourceURLs: ['/healthz', '/openapi/*'] })
      .clusterRoleBinding('b', 'r', user('alice'))
    const may = (path: string, verb = 'get') => ask(pathAttributes(alice, 'one', verb, path)).allowed
    expect([may('/healthz'), may('/openapi/v3/api'), may('/openapi'), may('/healthz/x')]).toEqual([
      true,
      true,
      false,
      false,
    ])
    expect(may('/healthz', 'post')).toBe(false)
  })

  it('are told apart although their words can be written in one line alike', () => {
    const { one, ask } = setUp(false)
    one
      .clusterRole('r', { verbs: ['get a'], apiGroups: ['b'], resources: ['c'] })
      .clusterRoleBinding('b', 'r', user('alice'))
    expect(ask(resourceAttributes(alice, 'one', 'get a', { group: 'b', resource: 'c' })).allowed).toBe(true)
    expect(ask(resourceAttributes(alice, 'one', 'get', { group: 'a b', resource: 'c' })).allowed).toBe(false)
    expect(ask(pathAttributes(alice, 'one', 'get', 'a b c ')).allowed).toBe(false)
  })

  it('of the wrong shape grant nothing and break nothing', () => {
    const { one, ask } = setUp(false)
    one.clusterRole(
      'r',
      null,
      7,
      { verbs: 'get' },
      { verbs: ['get'], apiGroups: {}, resources: ['pods'] },
      JSON.parse('{"__proto__":{"verbs":["*"]}}'),
    )
    one.clusterRoleBinding('b', 'r', user('alice'), null, 'x', { kind: 'User' }, { kind: 'Odd', name: 'alice' })
    one
      .clusterRole('none')
      .clusterRoleBinding('c', 'missing', user('alice'))
      .clusterRoleBinding('d', 'gone', user('alice'))
    expect(ask(getPod(alice))).toEqual({
      allowed: false,
      reason:
        'RBAC: [clusterrole.rbac.authorization.k8s.io "missing" not found, clusterrole.rbac.authorization.k8s.io "gone" not found]',
    })
  })
})

describe('memory of rules and answers', () => {
  it('reads a workspace once, and again after invalidate', () => {
    const { reader, authorizer, one, ask } = setUp(false)
    one.clusterRole('reader', readPods)
    expect(ask(getPod(alice)).allowed).toBe(false)
    const reads = reader.reads
    one.clusterRoleBinding('b', 'reader', user('alice'))
    expect(ask(getPod(alice)).allowed).toBe(false)
    expect(reader.reads).toBe(reads)
    authorizer.invalidate('one')
    expect(ask(getPod(alice)).allowed).toBe(true)
  })

  it('does not keep what a change overtook while it was being read', async () => {
    const { reader, authorizer, one, ask } = setUp(false)
    reader.delayed = true
    one.clusterRole('reader', readPods).clusterRoleBinding('b', 'reader', user('alice'))
    const before = authorizer.authorize(getPod(alice))
    reader.delete({
      logicalCluster: 'one',
      group: 'rbac.authorization.k8s.io',
      resource: 'clusterrolebindings',
      namespace: '',
      name: 'b',
    })
    authorizer.invalidate('one')
    expect((await before).allowed).toBe(true)
    expect((await authorizer.authorize(getPod(alice))).allowed).toBe(false)
    expect(ask(getPod(alice)).allowed).toBe(false)
  })

  it('shares one read between requests that wait for it, and recovers from a failed one', async () => {
    const { reader, authorizer, one } = setUp(false)
    one.clusterRole('reader', readPods).clusterRoleBinding('b', 'reader', user('alice'))
    reader.delayed = true
    const list = reader.list.bind(reader)
    reader.list = () => Promise.reject(new Error('the store is away'))
    await expect(authorizer.authorize(getPod(alice))).rejects.toThrow('the store is away')
    reader.list = list
    reader.reads = 0
    const decisions = await Promise.all([authorizer.authorize(getPod(alice)), authorizer.authorize(getPod(alice))])
    expect(decisions.map(({ allowed }) => allowed)).toEqual([true, true])
    expect(reader.reads).toBe(4)
  })

  it('stays right when its bounds are far too small', () => {
    const reader = new MemoryReader()
    const authorizer = createRbacAuthorizer({ reader, requireAccess: false, maxRules: 3, maxAnswers: 5 })
    for (let index = 0; index < 20; index++) {
      const fixture = new RbacFixture(reader, `lc${index}`)
      fixture.clusterRole('reader', readPods).clusterRoleBinding('b', 'reader', user(`u${index}`))
    }
    for (let round = 0; round < 400; round++) {
      const who = { name: `u${round % 20}`, groups: [] }
      const where = `lc${(round * 7) % 20}`
      expect(authorizer.authorize(getPod(who, where))).toMatchObject({ allowed: `lc${round % 20}` === where })
    }
  })

  it('tells words with spaces apart, whichever came first', () => {
    const { one, ask } = setUp(false)
    one.clusterRole('odd', { verbs: ['get'], apiGroups: ['a b'], resources: ['c'] })
    one.clusterRoleBinding('b', 'odd', user('alice'))
    const odd = resourceAttributes(alice, 'one', 'get', { group: 'a b', resource: 'c' })
    const other = resourceAttributes(alice, 'one', 'get', { group: 'a', resource: 'b c' })
    for (let round = 0; round < 2; round++) {
      expect(ask(other).allowed).toBe(false)
      expect(ask(odd).allowed).toBe(true)
      expect(ask(pathAttributes(alice, 'one', 'get', 'a b c ')).allowed).toBe(false)
    }
  })

  it('keeps no answer about words of any length, which only a review has', () => {
    let kept = 0
    const role = { verbs: ['get'], apiGroups: ['*'], resources: ['*'], resourceNames: [], nonResourceURLs: [] }
    const rules = new RuleSet(() => kept++)
    rules.add({ kind: 'ClusterRole', name: 'r' }, [role], () => 'a binding')
    for (let index = 0; index < 10; index++) {
      const long = resourceAttributes(alice, 'one', 'get', { group: `${index}${'g'.repeat(10_000)}`, resource: 'pods' })
      expect(rules.find(long)).toMatchObject({ allowed: true })
    }
    expect(kept).toBe(0)
    expect(rules.find(getPod(alice))).toMatchObject({ allowed: true })
    expect(kept).toBe(1)
  })

  it('answers by user name and groups, not by who asked first', () => {
    const { one, ask } = setUp(false)
    one.clusterRole('reader', readPods).clusterRoleBinding('b', 'reader', groupSubject('dev'))
    expect(ask(getPod({ name: 'x', groups: ['dev'] })).allowed).toBe(true)
    expect(ask(getPod({ name: 'x', groups: [] })).allowed).toBe(false)
    expect(ask(getPod({ name: 'x","dev', groups: [] })).allowed).toBe(false)
  })
})
