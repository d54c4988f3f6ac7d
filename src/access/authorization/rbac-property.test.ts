import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Identity } from '../../client/transport.ts'
import { logicalClusterExtra, serviceAccountGroups, serviceAccountUserName } from '../authentication/identity.ts'
import { groupSubject, MemoryReader, RbacFixture, serviceAccount, user } from '../testing/memory-reader.ts'
import type { AuthorizationAttributes } from './attributes.ts'
import { createRbacAuthorizer } from './rbac-authorizer.ts'

interface Rule {
  verbs: string[]
  apiGroups?: string[]
  resources?: string[]
  resourceNames?: string[]
  nonResourceURLs?: string[]
}
type Subject = { kind: string; name: string; namespace?: string }
/** Everything granted in one workspace, in one line each: no references between objects to get wrong. */
interface Grant {
  workspace: string
  /** Empty: a ClusterRoleBinding. */
  namespace: string
  rules: Rule[]
  subjects: Subject[]
}

const workspaces = ['one', 'two', 'three']
const namespaces = ['a', 'b']
const some = <T>(...items: T[]) => fc.subarray(items, { minLength: 1 })
const verbs = ['get', 'list', 'create', '*', 'access']

const rule: fc.Arbitrary<Rule> = fc.oneof(
  fc.record(
    {
      verbs: some(...verbs),
      apiGroups: some('', 'apps', '*'),
      resources: some('pods', 'pods/log', '*/log', '*', 'secrets'),
      resourceNames: some('x', 'y'),
    },
    { requiredKeys: ['verbs', 'apiGroups', 'resources'] },
  ),
  fc.record({ verbs: some(...verbs), nonResourceURLs: some('/', '/a', '/a/*', '*') }),
)
const subject: fc.Arbitrary<Subject> = fc.oneof(
  fc.constantFrom('ann', 'bob', serviceAccountUserName('a', 'bot')).map(user),
  fc.constantFrom('dev', 'ops', 'system:authenticated', 'system:cluster:one').map(groupSubject),
  fc
    .tuple(fc.constantFrom(...namespaces), fc.constant('bot'))
    .map(([namespace, name]) => serviceAccount(namespace, name)),
)
const grant: fc.Arbitrary<Grant> = fc.record({
  workspace: fc.constantFrom(...workspaces),
  namespace: fc.constantFrom('', ...namespaces),
  rules: fc.array(rule, { minLength: 1, maxLength: 3 }),
  subjects: fc.array(subject, { minLength: 1, maxLength: 4 }),
})
const identity: fc.Arbitrary<Identity> = fc.oneof(
  fc.record({ name: fc.constantFrom('ann', 'bob'), groups: fc.subarray(['dev', 'ops', 'system:authenticated']) }),
  fc.tuple(fc.constantFrom(...namespaces), fc.constantFrom(...workspaces)).map(([namespace, home]) => ({
    name: serviceAccountUserName(namespace, 'bot'),
    groups: [...serviceAccountGroups(namespace), 'system:authenticated'],
    extra: { [logicalClusterExtra]: [home] },
  })),
)
const common = {
  user: identity,
  logicalCluster: fc.constantFrom(...workspaces),
  verb: fc.constantFrom('get', 'list', 'create'),
}
const noResource = { group: '', version: '', resource: '', subresource: '', namespace: '', name: '' }
const request: fc.Arbitrary<AuthorizationAttributes> = fc.oneof(
  fc.record({
    ...common,
    group: fc.constantFrom('', 'apps'),
    version: fc.constant('v1'),
    resource: fc.constantFrom('pods', 'secrets'),
    subresource: fc.constantFrom('', 'log'),
    namespace: fc.constantFrom('', ...namespaces),
    name: fc.constantFrom('', 'x', 'z'),
    path: fc.constant(''),
  }),
  fc
    .record({ ...common, path: fc.constantFrom('/', '/a', '/a/b', '/b') })
    .map((parts) => ({ ...noResource, ...parts })),
)

/** RBAC as its documentation tells it, with no index, no cache and no shared code. */
function naivelyAllowed(grants: readonly Grant[], request: AuthorizationAttributes, requireAccess = true): boolean {
  const home = request.user.extra?.[logicalClusterExtra]?.[0]
  const foreign = home !== undefined && home !== request.logicalCluster
  const name = foreign ? 'system:anonymous' : request.user.name
  const groups = foreign ? ['system:authenticated', `system:cluster:${home}`] : request.user.groups
  const here = grants.filter(
    ({ workspace, subjects }) =>
      workspace === request.logicalCluster &&
      subjects.some((subject) => {
        if (subject.kind === 'Group') return groups.includes(subject.name)
        if (subject.kind === 'ServiceAccount')
          return name === `system:serviceaccount:${subject.namespace}:${subject.name}`
        return name === subject.name
      }),
  )
  const permitted = (asked: AuthorizationAttributes): boolean =>
    here.some(({ namespace, rules }) => {
      if (namespace !== '' && namespace !== asked.namespace) return false
      return rules.some((rule) => {
        if (!rule.verbs.some((verb) => verb === '*' || verb === asked.verb)) return false
        if (asked.resource === '')
          return (rule.nonResourceURLs ?? []).some((url) =>
            url.endsWith('*') ? asked.path.startsWith(url.slice(0, -1)) : url === asked.path,
          )
        if (!rule.apiGroups?.some((group) => group === '*' || group === asked.group)) return false
        const full = asked.subresource ? `${asked.resource}/${asked.subresource}` : asked.resource
        const matches = rule.resources?.some(
          (resource) =>
            resource === '*' || resource === full || (asked.subresource && resource === `*/${asked.subresource}`),
        )
        return matches && (!rule.resourceNames || rule.resourceNames.includes(asked.name))
      })
    })
  const isLocal = home === request.logicalCluster
  const access = { ...request, ...noResource, verb: 'access', path: '/' }
  return (isLocal || !requireAccess || permitted(access)) && permitted(request)
}

function store(grants: readonly Grant[]): MemoryReader {
  const reader = new MemoryReader()
  for (const [index, { workspace, namespace, rules, subjects }] of grants.entries()) {
    const fixture = new RbacFixture(reader, workspace)
    if (namespace === '')
      fixture.clusterRole(`r${index}`, ...rules).clusterRoleBinding(`b${index}`, `r${index}`, ...subjects)
    else
      fixture.role(namespace, `r${index}`, ...rules).roleBinding(namespace, `b${index}`, `Role/r${index}`, ...subjects)
  }
  return reader
}

describe('random users, rules and requests over several workspaces', () => {
  it('are decided as a naive evaluator decides them, in any order and with warm caches', async () => {
    let allowed = 0
    const grants = fc.array(grant, { minLength: 3, maxLength: 16, size: 'max' })
    const requests = fc.array(request, { minLength: 5, maxLength: 25 })
    await fc.assert(
      fc.asyncProperty(grants, requests, fc.boolean(), async (grants, requests, requireAccess) => {
        const authorizer = createRbacAuthorizer({ reader: store(grants), requireAccess, maxAnswers: 40 })
        for (const asked of [...requests, ...requests]) {
          const decision = await authorizer.authorize(asked)
          expect(decision.allowed).toBe(naivelyAllowed(grants, asked, requireAccess))
          if (decision.allowed) allowed++
        }
      }),
      { numRuns: 1_000 },
    )
    expect(allowed).toBeGreaterThan(1_000)
  })

  it('are never allowed by what another workspace grants', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(grant, { maxLength: 12 }), request, async (grants, asked) => {
        const others = grants.filter(({ workspace }) => workspace !== asked.logicalCluster)
        const generous: Grant[] = workspaces
          .filter((workspace) => workspace !== asked.logicalCluster)
          .map((workspace) => ({
            workspace,
            namespace: '',
            rules: [
              { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
              { verbs: ['*'], nonResourceURLs: ['*'] },
            ],
            subjects: [user(asked.user.name), ...asked.user.groups.map(groupSubject)],
          }))
        const authorizer = createRbacAuthorizer({ reader: store([...others, ...generous]) })
        for (const { workspace } of generous) await authorizer.authorize({ ...asked, logicalCluster: workspace })
        const withoutGate = createRbacAuthorizer({ reader: store([...others, ...generous]), requireAccess: false })
        expect((await authorizer.authorize(asked)).allowed).toBe(false)
        expect((await withoutGate.authorize(asked)).allowed).toBe(false)
      }),
      { numRuns: 500 },
    )
  })

  it('see a change of the rules with the next request after it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(grant, { maxLength: 8 }),
        fc.array(grant, { maxLength: 8 }),
        fc.array(request),
        async (before, after, requests) => {
          const reader = store(before)
          const authorizer = createRbacAuthorizer({ reader })
          for (const asked of requests) await authorizer.authorize(asked)
          reader.objects.clear()
          for (const [key, object] of store(after).objects) reader.objects.set(key, object)
          for (const workspace of workspaces) authorizer.invalidate(workspace)
          for (const asked of requests)
            expect((await authorizer.authorize(asked)).allowed).toBe(naivelyAllowed(after, asked))
        },
      ),
      { numRuns: 300 },
    )
  })
})
