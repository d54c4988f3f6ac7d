import { goQuote } from '../../meta/field-error.ts'
import type { AuthorizationAttributes } from './attributes.ts'

/** https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/role-v1/#Role, with every list present. */
export interface PolicyRule {
  readonly verbs: readonly string[]
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames: readonly string[]
  readonly nonResourceURLs: readonly string[]
}

const all = '*'
const none: readonly string[] = []

/** The `rules` of a Role or ClusterRole. What does not have the right shape grants nothing. */
export function parsePolicyRules(rules: unknown): readonly PolicyRule[] {
  return Array.isArray(rules) ? rules.filter(isRecord).map(parsePolicyRule) : []
}

function parsePolicyRule(rule: Record<string, unknown>): PolicyRule {
  return {
    verbs: strings(rule, 'verbs'),
    apiGroups: strings(rule, 'apiGroups'),
    resources: strings(rule, 'resources'),
    resourceNames: strings(rule, 'resourceNames'),
    nonResourceURLs: strings(rule, 'nonResourceURLs'),
  }
}

function strings(rule: Record<string, unknown>, field: keyof PolicyRule): readonly string[] {
  const value = Object.hasOwn(rule, field) ? rule[field] : undefined
  if (!Array.isArray(value) || value.length === 0) return none
  return value.filter((item) => typeof item === 'string')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether a rule speaks about a request, its object's name left aside: see `ruleAllowsName`. */
export function ruleAllowsExceptName(rule: PolicyRule, attributes: AuthorizationAttributes): boolean {
  if (!rule.verbs.includes(all) && !rule.verbs.includes(attributes.verb)) return false
  if (attributes.resource === '') return rule.nonResourceURLs.some((url) => urlCovers(url, attributes.path))
  return (
    (rule.apiGroups.includes(all) || rule.apiGroups.includes(attributes.group)) &&
    resourceMatches(rule.resources, attributes.resource, attributes.subresource)
  )
}

/** A rule with resourceNames never matches a request without a name (create, deletecollection, most lists). */
export function ruleAllowsName(rule: PolicyRule, name: string): boolean {
  return rule.resourceNames.length === 0 || rule.resourceNames.includes(name)
}

function resourceMatches(ruled: readonly string[], resource: string, subresource: string): boolean {
  const asked = subresource === '' ? resource : `${resource}/${subresource}`
  return ruled.some((item) => item === all || item === asked || (subresource !== '' && item === `*/${subresource}`))
}

/** `/a/*` covers everything that starts with `/a/`; trailing stars count as one. */
function urlCovers(ruled: string, path: string): boolean {
  if (ruled === path || ruled === all) return true
  if (!ruled.endsWith(all)) return false
  let end = ruled.length - 1
  while (end > 0 && ruled[end - 1] === all) end--
  return path.startsWith(ruled.slice(0, end))
}

/** Lists multiply: a role of a few kilobytes can mean billions of single permissions. Real ones stay below a thousand. */
const singlesLimit = 100_000

/** A role grants too many combinations to be compared one by one. */
export class TooManyRulesError extends Error {
  constructor() {
    super(`the rules combine to more than ${singlesLimit} single permissions`)
    this.name = 'TooManyRulesError'
  }
}

/**
 * The single permissions in `wanted` that `held` does not cover, each with one verb and one resource or path.
 * Throws TooManyRulesError.
 */
export function uncoveredRules(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  const open = wanted.filter((rule) => !held.some((owned) => coversAll(owned, rule)))
  const count = open.reduce((sum, rule) => sum + countSingles(rule), 0)
  if (count > singlesLimit) throw new TooManyRulesError()
  return open.flatMap(breakDown).filter((single) => !held.some((rule) => coversAll(rule, single)))
}

function countSingles(rule: PolicyRule): number {
  const { verbs, apiGroups, resources, resourceNames, nonResourceURLs } = rule
  return (
    verbs.length * (apiGroups.length * resources.length * Math.max(1, resourceNames.length) + nonResourceURLs.length)
  )
}

function breakDown(rule: PolicyRule): PolicyRule[] {
  const singles: PolicyRule[] = []
  const names = rule.resourceNames.length > 0 ? rule.resourceNames.map((name) => [name]) : [none]
  for (const group of rule.apiGroups)
    for (const resource of rule.resources)
      for (const verb of rule.verbs)
        for (const resourceNames of names)
          singles.push({
            verbs: [verb],
            apiGroups: [group],
            resources: [resource],
            resourceNames,
            nonResourceURLs: none,
          })
  for (const url of rule.nonResourceURLs)
    for (const verb of rule.verbs)
      singles.push({ verbs: [verb], apiGroups: none, resources: none, resourceNames: none, nonResourceURLs: [url] })
  return singles
}

/** Whether one rule grants all that another one grants. */
function coversAll(rule: PolicyRule, other: PolicyRule): boolean {
  return (
    coversList(rule.verbs, other.verbs) &&
    coversList(rule.apiGroups, other.apiGroups) &&
    other.resources.every((resource) => coversResource(rule.resources, resource)) &&
    other.nonResourceURLs.every((url) => rule.nonResourceURLs.some((held) => urlCovers(held, url))) &&
    (rule.resourceNames.length === 0 ||
      (other.resourceNames.length > 0 && other.resourceNames.every((name) => rule.resourceNames.includes(name))))
  )
}

function coversList(held: readonly string[], wanted: readonly string[]): boolean {
  return held.includes(all) || wanted.every((item) => held.includes(item))
}

function coversResource(held: readonly string[], resource: string): boolean {
  if (held.includes(all) || held.includes(resource)) return true
  const slash = resource.indexOf('/')
  return slash >= 0 && held.includes(`*${resource.slice(slash)}`)
}

/** Single permissions as an escalation error lists them: verbs of one resource together, sorted, one a line. */
export function describeRules(singles: readonly PolicyRule[]): string {
  const merged = new Map<string, PolicyRule>()
  for (const single of singles) {
    const { apiGroups, resources, resourceNames, nonResourceURLs, verbs } = single
    const key = JSON.stringify([apiGroups, resources, resourceNames, nonResourceURLs, resources.length > 0 || verbs])
    const known = merged.get(key)
    merged.set(key, known ? { ...known, verbs: [...known.verbs, ...verbs] } : single)
  }
  return [...new Set([...merged.values()].map(describeRule))].sort().join('\n')
}

function describeRule(rule: PolicyRule): string {
  const parts = [
    describeList('APIGroups', rule.apiGroups),
    describeList('Resources', rule.resources),
    describeList('NonResourceURLs', rule.nonResourceURLs),
    describeList('ResourceNames', rule.resourceNames),
    describeList('Verbs', rule.verbs),
  ]
  return `{${parts.filter((part) => part !== '').join(', ')}}`
}

function describeList(title: string, items: readonly string[]): string {
  return items.length === 0 ? '' : `${title}:${quoteList(items)}`
}

/** A list as Go prints it with %q: `["a" "b"]`. */
export function quoteList(items: readonly string[]): string {
  return `[${items.map((item) => goQuote(item)).join(' ')}]`
}
