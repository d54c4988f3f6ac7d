import { describe, expect, it } from 'vitest'
import type { KubeObject } from '../../meta/object.ts'
import { createContext } from '../testing/service-accounts.ts'
import { groupSubject, MemoryReader, RbacFixture, serviceAccount, user } from '../testing/memory-reader.ts'
import { createAccessReviews } from './access-reviews.ts'
import { createRbacAuthorizer } from './rbac-authorizer.ts'

function setUp() {
  const reader = new MemoryReader()
  const readPods = { verbs: ['get'], apiGroups: [''], resources: ['pods', 'pods/log'], resourceNames: ['a'] }
  new RbacFixture(reader, 'one')
    .access(groupSubject('system:authenticated'))
    .clusterRole('r', readPods, { verbs: ['get'], nonResourceURLs: ['/metrics'] })
    .roleBinding('web', 'b', 'ClusterRole/r', user('alice'), serviceAccount('web', 'bot'))
    .clusterRoleBinding('c', 'missing', user('alice'))
    .clusterRole('paths', { verbs: ['get'], nonResourceURLs: ['/metrics'] })
    .clusterRoleBinding('d', 'paths', user('alice'))
  const authorizer = createRbacAuthorizer({ reader })
  const reviews = createAccessReviews(authorizer, authorizer)
  const context = (namespace = '') => createContext(reader, 'one', namespace)
  return { reviews, context }
}

const pods = { verb: 'get', resource: 'pods', namespace: 'web', name: 'a' }
const object = (spec: unknown, metadata = {}): KubeObject => ({ metadata, spec })

describe('SelfSubjectAccessReview', () => {
  it('asks for the requestor, about objects and paths', async () => {
    const { reviews, context } = setUp()
    const ask = async (spec: object) => (await reviews.selfSubjectAccessReview(object(spec), context()))['status']
    expect(await ask({ resourceAttributes: pods })).toEqual({
      allowed: true,
      reason: 'RBAC: allowed by RoleBinding "b/web" of ClusterRole "r" to User "alice"',
    })
    expect(await ask({ resourceAttributes: { ...pods, subresource: 'log' } })).toMatchObject({ allowed: true })
    expect(await ask({ resourceAttributes: { ...pods, name: 'b' } })).toEqual({
      allowed: false,
      reason: 'RBAC: clusterrole.rbac.authorization.k8s.io "missing" not found',
    })
    expect(await ask({ nonResourceAttributes: { verb: 'get', path: '/metrics' } })).toMatchObject({ allowed: true })
  })

  it.each([
    [
      {},
      'spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified',
    ],
    [{ resourceAttributes: pods, nonResourceAttributes: { path: '/' } }, 'spec.nonResourceAttributes'],
    [
      { resourceAttributes: { ...pods, fieldSelector: {} } },
      'spec.resourceAttributes.fieldSelector.requirements: Required value',
    ],
    [
      { resourceAttributes: { ...pods, labelSelector: { rawSelector: 'a', requirements: [{}] } } },
      'spec.resourceAttributes.labelSelector.rawSelector',
    ],
  ])('refuses %j with 422', async (spec, message) => {
    const { reviews, context } = setUp()
    const asked = reviews.selfSubjectAccessReview(object(spec), context())
    await expect(asked).rejects.toMatchObject({ code: 422, message: expect.stringContaining(message) as string })
  })

  it('refuses metadata', async () => {
    const { reviews, context } = setUp()
    const asked = reviews.selfSubjectAccessReview(object({ resourceAttributes: pods }, { name: 'x' }), context())
    await expect(asked).rejects.toMatchObject({
      code: 422,
      message: expect.stringContaining('must be empty') as string,
    })
  })
})

describe('SubjectAccessReview', () => {
  it('asks for somebody else, in this workspace', async () => {
    const { reviews, context } = setUp()
    const ask = async (spec: object) =>
      (await reviews.subjectAccessReview(object({ resourceAttributes: pods, ...spec }), context()))['status']
    const groups = ['system:authenticated']
    expect(await ask({ user: 'alice', groups })).toMatchObject({ allowed: true })
    expect(await ask({ user: 'bob', groups })).toMatchObject({ allowed: false })
    expect(await ask({ user: 'alice' })).toEqual({ allowed: false, reason: 'workspace access not permitted' })
  })

  it('takes a ServiceAccount for the one of this workspace, unless its extras say otherwise', async () => {
    const { reviews, context } = setUp()
    const ask = async (spec: object) =>
      (await reviews.subjectAccessReview(object({ resourceAttributes: pods, ...spec }), context()))['status']
    const bot = { user: 'system:serviceaccount:web:bot' }
    expect(await ask(bot)).toMatchObject({ allowed: true })
    expect(await ask({ ...bot, extra: { 'authentication.kubernetes.io/cluster-name': ['two'] } })).toMatchObject({
      allowed: false,
    })
  })

  it('needs a user or a group', async () => {
    const { reviews, context } = setUp()
    await expect(reviews.subjectAccessReview(object({ resourceAttributes: pods }), context())).rejects.toMatchObject({
      message: expect.stringContaining(
        'spec.user: Invalid value: "": at least one of user or group must be specified',
      ) as string,
    })
  })
})

describe('LocalSubjectAccessReview', () => {
  const spec = { user: 'alice', groups: ['system:authenticated'], resourceAttributes: pods }

  it('asks within its namespace', async () => {
    const { reviews, context } = setUp()
    const answer = await reviews.localSubjectAccessReview(object(spec, { namespace: 'web' }), context('web'))
    expect(answer['status']).toMatchObject({ allowed: true })
  })

  it('refuses another namespace and paths', async () => {
    const { reviews, context } = setUp()
    await expect(
      reviews.localSubjectAccessReview(object(spec, { namespace: 'other' }), context('web')),
    ).rejects.toMatchObject({ code: 422 })
    const elsewhere = { ...spec, resourceAttributes: { ...pods, namespace: 'other' } }
    await expect(
      reviews.localSubjectAccessReview(object(elsewhere, { namespace: 'other' }), context('web')),
    ).rejects.toMatchObject({ code: 400 })
    const path = { user: 'alice', nonResourceAttributes: { verb: 'get', path: '/' } }
    await expect(
      reviews.localSubjectAccessReview(object(path, { namespace: 'web' }), context('web')),
    ).rejects.toMatchObject({ code: 422 })
  })
})

describe('SelfSubjectRulesReview', () => {
  it('lists what holds in a namespace, and says what could not be found', async () => {
    const { reviews, context } = setUp()
    const { status } = await reviews.selfSubjectRulesReview(object({ namespace: 'web' }), context())
    expect(status).toEqual({
      resourceRules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods', 'pods/log'], resourceNames: ['a'] }],
      nonResourceRules: [
        { verbs: ['access'], nonResourceURLs: ['/'] },
        { verbs: ['get'], nonResourceURLs: ['/metrics'] },
        { verbs: ['get'], nonResourceURLs: ['/metrics'] },
      ],
      incomplete: false,
      evaluationError: 'clusterrole.rbac.authorization.k8s.io "missing" not found',
    })
  })

  it('lists everything for system:masters, and needs a namespace', async () => {
    const { reviews, context } = setUp()
    const master = { ...context(), user: { name: 'admin', groups: ['system:masters'] } }
    const { status } = await reviews.selfSubjectRulesReview(object({ namespace: 'web' }), master)
    expect(status).toMatchObject({ resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }] })
    await expect(reviews.selfSubjectRulesReview(object({}), context())).rejects.toMatchObject({
      code: 400,
      message: 'no namespace on request',
    })
  })
})
