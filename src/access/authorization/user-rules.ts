import type { AuthorizationAttributes, AuthorizationDecision } from './attributes.ts'
import { ruleAllowsExceptName, ruleAllowsName, type PolicyRule } from './policy-rule.ts'
import { describeGrant, describeMissingRole, groupKey, userKey, type RbacRules, type RoleRef } from './rbac-rules.ts'
import type { ScopedSubject } from './scope.ts'

/** What one user may do in one logical cluster: found once, then asked with every request. */
export interface UserRules {
  readonly everywhere: RuleSet
  /** What RoleBindings add, by namespace. */
  readonly namespaces: ReadonlyMap<string, RuleSet>
}

/** `onCached` is told of every answer that is kept. */
export function createUserRules(rules: RbacRules, subject: ScopedSubject, onCached: () => void): UserRules {
  const keys = new Set([userKey(subject.name), ...subject.groups.map(groupKey)])
  const everywhere = new RuleSet(onCached)
  const namespaces = new Map<string, RuleSet>()
  for (const binding of rules.bindings) {
    const { namespace, roleRef } = binding
    const applies = binding.subjects.find(({ key }) => keys.has(key))
    if (!applies) continue
    let set = namespace === '' ? everywhere : namespaces.get(namespace)
    if (!set) {
      set = new RuleSet(onCached)
      namespaces.set(namespace, set)
    }
    set.add(roleRef, rules.rulesOf(roleRef, namespace), () => describeGrant(binding, applies.subject))
  }
  return { everywhere, namespaces }
}

export function decide(rules: UserRules, attributes: AuthorizationAttributes): AuthorizationDecision {
  const everywhere = rules.everywhere.find(attributes)
  if (everywhere) return everywhere
  const local = attributes.namespace === '' ? undefined : rules.namespaces.get(attributes.namespace)
  if (!local) return denied(rules.everywhere.missing)
  return local.find(attributes) ?? denied([...rules.everywhere.missing, ...local.missing])
}

const deniedWithoutReason: AuthorizationDecision = Object.freeze({ allowed: false, reason: '' })

function denied(missing: readonly string[]): AuthorizationDecision {
  return missing.length === 0 ? deniedWithoutReason : { allowed: false, reason: `RBAC: ${joinErrors(missing)}` }
}

/** Several errors as upstream prints them together. */
export function joinErrors(errors: readonly string[]): string {
  const distinct = [...new Set(errors)]
  return distinct.length === 1 ? (distinct[0] ?? '') : `[${distinct.join(', ')}]`
}

interface GrantedRule {
  readonly rule: PolicyRule
  readonly allows: AuthorizationDecision
}

/** Where the words of a key end, because a review may ask with spaces in its words. No word is kept but in the key. */
interface Answer {
  readonly isResource: boolean
  readonly verbLength: number
  readonly groupLength: number
  readonly resourceLength: number
  /** Rules that match but for the object's name, in order, up to the first that takes every name. */
  readonly candidates: readonly GrantedRule[]
}

/** Enough for a controller that watches every kind; more comes only from a user who asks for what does not exist. */
const answersLimit = 1_024
/** A review asks with words of any length; such an answer is worked out anew each time. */
const longestKey = 512

/**
 * Rules in order, with answers remembered for everything but the object's name: how many objects a user reads does not
 * matter to the cache.
 */
export class RuleSet {
  readonly rules: PolicyRule[] = []
  /** Roles that are bound and do not exist. */
  readonly missing: string[] = []
  readonly #granted: GrantedRule[] = []
  readonly #answers = new Map<string, Answer>()
  readonly #onCached: () => void

  constructor(onCached: () => void) {
    this.#onCached = onCached
  }

  add(roleRef: RoleRef, rules: readonly PolicyRule[] | undefined, describe: () => string): void {
    if (!rules) {
      this.missing.push(describeMissingRole(roleRef))
      return
    }
    const allows = { allowed: true, reason: `RBAC: allowed by ${describe()}` }
    for (const rule of rules) {
      this.rules.push(rule)
      this.#granted.push({ rule, allows })
    }
  }

  /** The decision of the first rule that allows the request. */
  find(attributes: AuthorizationAttributes): AuthorizationDecision | undefined {
    const isResource = attributes.resource !== ''
    for (const { rule, allows } of this.#candidatesFor(attributes, isResource)) {
      if (!isResource || ruleAllowsName(rule, attributes.name)) return allows
    }
    return undefined
  }

  #candidatesFor(attributes: AuthorizationAttributes, isResource: boolean): readonly GrantedRule[] {
    const { verb, group, resource, subresource, path } = attributes
    const key = isResource ? `${verb} ${group} ${resource} ${subresource}` : `${verb} ${path}`
    const known = this.#answers.get(key)
    if (known && isSameRequest(known, attributes, isResource)) return known.candidates
    const candidates = this.#collect(attributes, isResource)
    if (known || key.length > longestKey) return candidates
    if (this.#answers.size >= answersLimit) this.#answers.clear()
    const lengths = { verbLength: verb.length, groupLength: group.length, resourceLength: resource.length }
    this.#answers.set(key, { isResource, ...lengths, candidates })
    this.#onCached()
    return candidates
  }

  #collect(attributes: AuthorizationAttributes, isResource: boolean): GrantedRule[] {
    const candidates: GrantedRule[] = []
    for (const granted of this.#granted) {
      if (!ruleAllowsExceptName(granted.rule, attributes)) continue
      candidates.push(granted)
      if (!isResource || granted.rule.resourceNames.length === 0) break
    }
    return candidates
  }
}

/** Of two requests with one key; the last word of a key needs no length. */
function isSameRequest(
  known: Answer,
  { verb, group, resource }: AuthorizationAttributes,
  isResource: boolean,
): boolean {
  if (known.isResource !== isResource || known.verbLength !== verb.length) return false
  return !isResource || (known.groupLength === group.length && known.resourceLength === resource.length)
}
