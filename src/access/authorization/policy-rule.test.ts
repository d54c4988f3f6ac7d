import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { resourceAttributes } from './attributes.ts'
import {
  describeRules,
  parsePolicyRules,
  ruleAllowsExceptName,
  ruleAllowsName,
  uncoveredRules,
  type PolicyRule,
} from './policy-rule.ts'

const some = (...items: string[]) => fc.subarray(items, { minLength: 1 })
const rule: fc.Arbitrary<PolicyRule> = fc.record({
  verbs: some('get', 'list', '*'),
  apiGroups: some('', 'apps', '*'),
  resources: some('pods', 'pods/log', '*/log', '*'),
  resourceNames: fc.subarray(['a', 'b']),
  nonResourceURLs: fc.constant([]),
})
const user = { name: 'u', groups: [] }
const requests = ['get', 'list', 'watch'].flatMap((verb) =>
  ['', 'apps', 'batch'].flatMap((group) =>
    [
      ['pods', ''],
      ['pods', 'log'],
      ['jobs', 'log'],
      ['jobs', ''],
    ].flatMap(([resource, subresource]) =>
      ['', 'a', 'b', 'c'].map((name) =>
        resourceAttributes(user, 'one', verb, {
          group,
          resource: resource ?? '',
          subresource: subresource ?? '',
          name,
        }),
      ),
    ),
  ),
)
const allows = (rules: readonly PolicyRule[], request: (typeof requests)[number]) =>
  rules.some((item) => ruleAllowsExceptName(item, request) && ruleAllowsName(item, request.name))

const path = (...nonResourceURLs: string[]) => ({
  verbs: ['get'],
  apiGroups: [],
  resources: [],
  resourceNames: [],
  nonResourceURLs,
})

describe('covering rules', () => {
  it('never calls rules covered that allow a request which the others do not', () => {
    let covered = 0
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 4 }), fc.array(rule, { maxLength: 2 }), (held, wanted) => {
        if (uncoveredRules(held, wanted).length > 0) return
        if (wanted.length > 0) covered++
        for (const request of requests) if (allows(wanted, request)) expect(allows(held, request)).toBe(true)
      }),
      { numRuns: 2_000 },
    )
    expect(covered).toBeGreaterThan(100)
  })

  it('lists exactly what is missing, so that holding it too covers everything', () => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 3 }), fc.array(rule, { maxLength: 3 }), (held, wanted) => {
        const missing = uncoveredRules(held, wanted)
        expect(uncoveredRules([...held, ...missing], wanted)).toEqual([])
        for (const single of missing) expect(uncoveredRules(held, [single])).toEqual([single])
      }),
      { numRuns: 1_000 },
    )
  })

  it('takes paths by their prefix', () => {
    expect(uncoveredRules([path('/a/*')], [path('/a/b', '/a/*', '/a/b/*')])).toEqual([])
    expect(uncoveredRules([path('/a/*')], [path('/a', '/*')])).toEqual([path('/a'), path('/*')])
    expect(uncoveredRules([path('*')], [path('/x', '*')])).toEqual([])
    expect(uncoveredRules([path(`/${'*'.repeat(200_000)}`)], [path('/x')])).toEqual([])
  })
})

const single = (verb: string, resource: string, ...resourceNames: string[]) => ({
  verbs: [verb],
  apiGroups: [''],
  resources: [resource],
  resourceNames,
  nonResourceURLs: [],
})

describe('describing rules', () => {
  it('puts the verbs of one resource together and sorts', () => {
    expect(describeRules([single('list', 'b'), single('get', 'a'), single('get', 'b'), single('get', 'b', 'x')])).toBe(
      '{APIGroups:[""], Resources:["a"], Verbs:["get"]}\n' +
        '{APIGroups:[""], Resources:["b"], ResourceNames:["x"], Verbs:["get"]}\n' +
        '{APIGroups:[""], Resources:["b"], Verbs:["list" "get"]}',
    )
  })
})

describe('parsing rules', () => {
  it('takes what has the right shape and nothing else', () => {
    expect(parsePolicyRules(undefined)).toEqual([])
    expect(parsePolicyRules({ 0: {} })).toEqual([])
    expect(parsePolicyRules([null, [], 'x', { verbs: ['get', 7], resources: 'pods' }])).toEqual([
      { verbs: ['get'], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: [] },
    ])
  })
})
