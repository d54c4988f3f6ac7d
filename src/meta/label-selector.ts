import { badRequest } from './api-errors.ts'
import { fieldForbidden, fieldInvalid, fieldRequired, formatBadValue, goQuote, type FieldError } from './field-error.ts'
import { parseInt64 } from './int64.ts'
import { scanLabelSelector, type Token } from './label-selector-lexer.ts'
import { checkLabelValue, checkQualifiedName } from './names.ts'
import { validateLabels } from './labels-validation.ts'

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors */
export type LabelOperator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt'

/** `values` is sorted; one value for comparisons, none for `exists` and `!`. */
export interface LabelRequirement {
  readonly key: string
  readonly operator: LabelOperator
  readonly values: readonly string[]
}

/** All requirements hold; sorted by key. Without requirements everything matches; `nothing` matches nothing. */
export type LabelRequirements = readonly LabelRequirement[] | 'nothing'

/** The form of selectors inside objects (`spec.selector` of a Deployment). */
export interface LabelSelector {
  matchLabels?: Record<string, string>
  matchExpressions?: LabelSelectorExpression[]
}
export interface LabelSelectorExpression {
  key: string
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  values?: string[]
}

export type Labels = Readonly<Record<string, string>> | undefined
export type LabelMatcher = (labels: Labels) => boolean

const binaryOperators = new Set<string>(['in', 'notin', '=', '==', '!=', '>', '<'])

/** The string form: `a=b,c in (d,e),!f`. Throws 400 in upstream's words. */
export function parseLabelSelector(text: string): readonly LabelRequirement[] {
  if (text === '') return []
  return new LabelSelectorParser(scanLabelSelector(text)).parse().sort(byKey)
}

/** Everything about matching is decided here, so that a match costs a property read per requirement. */
export function compileLabelSelector(text: string): LabelMatcher {
  return compileLabelRequirements(parseLabelSelector(text))
}

export function compileLabelRequirements(requirements: LabelRequirements): LabelMatcher {
  if (requirements === 'nothing') return () => false
  const matchers = requirements.map(compileRequirement)
  const [first, second] = matchers
  if (!first) return () => true
  if (!second) return first
  if (matchers.length === 2) return (labels) => first(labels) && second(labels)
  return (labels) => matchers.every((matches) => matches(labels))
}

export function matchesLabels(requirements: LabelRequirements, labels: Labels): boolean {
  return compileLabelRequirements(requirements)(labels)
}

// Values of labels are strings, so that `typeof` also keeps names of Object.prototype (`toString` is a valid key) out.
function compileRequirement({ key, operator, values }: LabelRequirement): LabelMatcher {
  const [value = ''] = values
  switch (operator) {
    case '=':
    case '==':
      return (labels) => labels?.[key] === value
    case '!=':
      return (labels) => labels?.[key] !== value
    case 'in': {
      if (values.length === 1) return (labels) => labels?.[key] === value
      const allowed = new Set<unknown>(values)
      return (labels) => allowed.has(labels?.[key])
    }
    case 'notin': {
      const refused = new Set<unknown>(values)
      return (labels) => !refused.has(labels?.[key])
    }
    case 'exists':
      return (labels) => typeof labels?.[key] === 'string'
    case '!':
      return (labels) => typeof labels?.[key] !== 'string'
    default:
      return compileComparison(key, operator, parseInt64(value))
  }
}

function compileComparison(key: string, operator: 'gt' | 'lt', bound: bigint | undefined): LabelMatcher {
  return (labels) => {
    const text = labels?.[key]
    const number = typeof text === 'string' ? parseInt64(text) : undefined
    if (number === undefined || bound === undefined) return false
    return operator === 'gt' ? number > bound : number < bound
  }
}

/** The value that the selector demands of `key`, when it demands a single one. */
export function requiredLabelValue(requirements: LabelRequirements, key: string): string | undefined {
  if (requirements === 'nothing') return undefined
  const requirement = requirements.find((candidate) => candidate.key === key)
  if (!requirement || !['=', '==', 'in'].includes(requirement.operator)) return undefined
  return requirement.values.length === 1 ? requirement.values[0] : undefined
}

/**
 * The object form: absent matches nothing, empty matches everything. Throws 400 when it is not valid; objects from
 * outside are validated first, with `validateLabelSelector`.
 */
export function fromLabelSelector(selector: LabelSelector | null | undefined): LabelRequirements {
  if (!selector) return 'nothing'
  const requirements: LabelRequirement[] = []
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    requirements.push(newRequirement(key, '=', [value]))
  }
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const lower = objectOperators.get(operator)
    if (!lower) throw badRequest(`${goQuote(operator)} is not a valid label selector operator`)
    requirements.push(newRequirement(key, lower, values ?? []))
  }
  return requirements.sort(byKey)
}

const objectOperators: ReadonlyMap<string, LabelOperator> = new Map<string, LabelOperator>([
  ['In', 'in'],
  ['NotIn', 'notin'],
  ['Exists', 'exists'],
  ['DoesNotExist', '!'],
])

/** The canonical string form, which parses to the same requirements. */
export function formatLabelRequirements(requirements: LabelRequirements): string {
  return requirements === 'nothing' ? '' : requirements.map(formatRequirement).join(',')
}

/** As tables print the selector of an object: `<none>` when it is empty, `<error>` when it is not valid. */
export function formatLabelSelector(selector: LabelSelector | null | undefined): string {
  try {
    return formatLabelRequirements(fromLabelSelector(selector)) || '<none>'
  } catch {
    return '<error>'
  }
}

function formatRequirement({ key, operator, values }: LabelRequirement): string {
  const list = values.join(',')
  switch (operator) {
    case 'exists':
      return key
    case '!':
      return `!${key}`
    case 'in':
    case 'notin':
      return `${key} ${operator} (${list})`
    case 'gt':
      return `${key}>${list}`
    case 'lt':
      return `${key}<${list}`
    default:
      return `${key}${operator}${list}`
  }
}

/** What is wrong with a LabelSelector inside an object; `selector` has the right JSON types already. */
export function validateLabelSelector(selector: LabelSelector | null | undefined, field: string): FieldError[] {
  if (!selector) return []
  const errors = validateLabels(selector.matchLabels, `${field}.matchLabels`)
  selector.matchExpressions?.forEach((expression, index) => {
    errors.push(...validateExpression(expression, `${field}.matchExpressions[${index}]`))
  })
  return errors
}

function validateExpression({ key, operator, values = [] }: LabelSelectorExpression, field: string): FieldError[] {
  const errors: FieldError[] = []
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) {
      errors.push(fieldRequired(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
    }
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0) {
      errors.push(
        fieldForbidden(`${field}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
      )
    }
  } else {
    errors.push(fieldInvalid(`${field}.operator`, operator ?? '', 'not a valid selector operator'))
  }
  errors.push(...checkQualifiedName(key ?? '').map((message) => fieldInvalid(`${field}.key`, key ?? '', message)))
  values.forEach((value, index) => {
    for (const message of checkLabelValue(value)) errors.push(fieldInvalid(`${field}.values[${index}]`, value, message))
  })
  return errors
}

function byKey(a: LabelRequirement, b: LabelRequirement): number {
  if (a.key === b.key) return 0
  return a.key < b.key ? -1 : 1
}

function newRequirement(key: string, operator: LabelOperator, rawValues: readonly string[]): LabelRequirement {
  const values = [...rawValues].sort()
  const problems: string[] = []
  const invalid = (field: string, value: unknown, why: string): void => {
    problems.push(`${field}: Invalid value: ${formatBadValue(value)}: ${why}`)
  }
  const keyMessages = checkQualifiedName(key)
  if (keyMessages.length > 0) invalid('key', key, keyMessages.join('; '))
  if ((operator === 'in' || operator === 'notin') && values.length === 0) {
    invalid('values', rawValues, "for 'in', 'notin' operators, values set can't be empty")
  }
  if ((operator === 'exists' || operator === '!') && values.length > 0) {
    invalid('values', rawValues, 'values set must be empty for exists and does not exist')
  }
  values.forEach((value, index) => {
    if ((operator === 'gt' || operator === 'lt') && parseInt64(value) === undefined) {
      invalid(`values[${index}]`, value, "for 'Gt', 'Lt' operators, the value must be an integer")
    }
  })
  values.forEach((value, index) => {
    const messages = checkLabelValue(value)
    if (messages.length > 0) invalid(`values[${index}][${key}]`, value, messages.join('; '))
  })
  if (problems.length > 0) throw badRequest(problems.length === 1 ? `${problems[0]}` : `[${problems.join(', ')}]`)
  return { key, operator, values }
}

/** Tokens to requirements, by recursive descent; every error text is one that clients have seen before. */
class LabelSelectorParser {
  readonly #tokens: readonly Token[]
  #position = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = []
    for (;;) {
      const next = this.#peek()
      if (next.type === 'end') return requirements
      if (next.type !== 'identifier' && next.type !== '!') {
        throw badRequest(`found '${next.text}', expected: !, identifier, or 'end of string'`)
      }
      requirements.push(this.#requirement())
      const separator = this.#take()
      if (separator.type === 'end') return requirements
      if (separator.type !== ',') throw badRequest(`found '${separator.text}', expected: ',' or 'end of string'`)
      const following = this.#peek()
      if (following.type !== 'identifier' && following.type !== '!') {
        throw badRequest(`found '${following.text}', expected: identifier after ','`)
      }
    }
  }

  #requirement(): LabelRequirement {
    try {
      return this.#parseRequirement()
    } catch (error) {
      throw badRequest(`unable to parse requirement: ${(error as Error).message}`)
    }
  }

  #parseRequirement(): LabelRequirement {
    let token = this.#take()
    const negated = token.type === '!'
    if (negated) token = this.#take()
    if (token.type !== 'identifier') throw badRequest(`found '${token.text}', expected: identifier`)
    const key = token.text
    const messages = checkQualifiedName(key)
    if (messages.length > 0) throw badRequest(`<nil>: Invalid value: ${goQuote(key)}: ${messages.join('; ')}`)
    if (negated) return newRequirement(key, '!', [])
    const next = this.#peek()
    if (next.type === 'end' || next.type === ',') return newRequirement(key, 'exists', [])
    const operator = this.#operator()
    const values = operator === 'in' || operator === 'notin' ? this.#values() : [this.#exactValue()]
    return newRequirement(key, operator, [...new Set(values)])
  }

  #operator(): LabelOperator {
    const { text } = this.#take()
    if (!binaryOperators.has(text)) throw badRequest(`found '${text}', expected: in, notin, =, ==, !=, gt, lt`)
    if (text === '>') return 'gt'
    return text === '<' ? 'lt' : (text as LabelOperator)
  }

  #values(): string[] {
    const open = this.#take()
    if (open.type !== '(') throw badRequest(`found '${open.text}' expected: '('`)
    const next = this.#peek()
    if (next.type === ')') {
      this.#take()
      return ['']
    }
    if (next.type !== 'identifier' && next.type !== ',') {
      throw badRequest(`found '${next.text}', expected: ',', ')' or identifier`)
    }
    const values = this.#identifiers()
    this.#take()
    return values
  }

  // Up to the closing parenthesis, which stays. Empty places between commas are empty values.
  #identifiers(): string[] {
    const values: string[] = []
    for (;;) {
      const token = this.#take()
      const next = this.#peek()
      if (token.type === 'identifier') {
        values.push(token.text)
        if (next.type === ')') return values
        if (next.type !== ',') throw badRequest(`found '${next.text}', expected: ',' or ')'`)
      } else if (token.type === ',') {
        if (values.length === 0 || next.type === ')' || next.type === ',') values.push('')
        if (next.type === ')') return values
      } else {
        throw badRequest(`found '${token.text}', expected: ',', or identifier`)
      }
    }
  }

  #exactValue(): string {
    const next = this.#peek()
    if (next.type === 'end' || next.type === ',') return ''
    this.#take()
    if (next.type !== 'identifier') throw badRequest(`found '${next.text}', expected: identifier`)
    return next.text
  }

  #peek(): Token {
    return this.#tokens[this.#position] ?? { type: 'end', text: '' }
  }

  #take(): Token {
    const token = this.#peek()
    this.#position++
    return token
  }
}
