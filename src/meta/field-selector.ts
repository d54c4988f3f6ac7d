import { badRequest } from './api-errors.ts'

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/ */
export interface FieldRequirement {
  readonly field: string
  readonly operator: '=' | '!='
  readonly value: string
}

/** Reads a field of one object; empty when it is not set. */
export type FieldGetter = (field: string) => string

/** `metadata.name=x,status.phase!=Running`, with `\` before `,`, `=` and `\` in values. Throws 400 in upstream's words. */
export function parseFieldSelector(text: string): readonly FieldRequirement[] {
  return splitTerms(text)
    .sort()
    .filter((term) => term !== '')
    .map((term) => parseTerm(term, text))
    .filter(({ field, value }) => field !== '' || value !== '')
}

function splitTerms(text: string): string[] {
  const terms: string[] = []
  let start = 0
  for (let index = 0; index < text.length; index++) {
    if (text[index] === '\\') index++
    else if (text[index] === ',') {
      terms.push(text.slice(start, index))
      start = index + 1
    }
  }
  terms.push(text.slice(start))
  return terms
}

function parseTerm(term: string, selector: string): FieldRequirement {
  const match = /!=|==?/.exec(term)
  if (!match) throw badRequest(`invalid selector: '${selector}'; can't understand '${term}'`)
  const value = unescapeValue(term.slice(match.index + match[0].length))
  return { field: term.slice(0, match.index), operator: match[0] === '!=' ? '!=' : '=', value }
}

function unescapeValue(text: string): string {
  if (!/[\\,=]/.test(text)) return text
  return text.replace(/\\(.?)|[,=]/gsu, (found: string, escaped: string | undefined) => {
    if (escaped === undefined) {
      throw badRequest(`invalid field selector: unescaped character in value: ${found.codePointAt(0)}`)
    }
    if (escaped !== '\\' && escaped !== ',' && escaped !== '=') {
      throw badRequest(`invalid field selector: invalid escape sequence: ${found}`)
    }
    return escaped
  })
}

export function escapeFieldValue(value: string): string {
  return value.replace(/[\\,=]/g, String.raw`\$&`)
}

export function formatFieldRequirements(requirements: readonly FieldRequirement[]): string {
  return requirements.map(({ field, operator, value }) => `${field}${operator}${escapeFieldValue(value)}`).join(',')
}

export function matchesFields(requirements: readonly FieldRequirement[], get: FieldGetter): boolean {
  return requirements.every(({ field, operator, value }) => (get(field) === value) === (operator === '='))
}

/** The value that the selector demands of `field`: how `metadata.name=x` becomes the name of a request. */
export function requiredFieldValue(requirements: readonly FieldRequirement[], field: string): string | undefined {
  return requirements.find((requirement) => requirement.field === field && requirement.operator === '=')?.value
}
