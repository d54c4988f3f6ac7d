import { goQuote } from './field-error.ts'
import type { Json } from './object.ts'

export class JsonPathError extends Error {}

/** One move from a set of values to the next. */
export type Step =
  | { readonly type: 'field'; readonly name: string }
  | { readonly type: 'wildcard' }
  /** Negative indexes count from the end; `next` means the one element at `start`. */
  | { readonly type: 'slice'; readonly start?: number; readonly end?: number | 'next'; readonly step: number }
  | { readonly type: 'union'; readonly members: readonly (readonly Step[])[] }
  | { readonly type: 'recursive' }
  | {
      readonly type: 'filter'
      readonly left: readonly Step[]
      readonly operator: FilterOperator
      readonly right: readonly Step[]
    }
  | { readonly type: 'literal'; readonly value: Json }
export type FilterOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'exists'

const operators = new Set(['==', '!=', '<', '<=', '>', '>='])
const maxLength = 4096

/** The steps of a path without its braces. */
export function parseSteps(text: string): readonly Step[] {
  if (text.length > maxLength) throw new JsonPathError('the path is too long')
  const steps: Step[] = []
  let position = 0
  while (position < text.length) {
    const rest = text.slice(position)
    const character = rest.charAt(0)
    if (character === ' ' || character === '@' || character === '$') position++
    else if (rest.startsWith('[?(')) position += parseFilter(rest, steps)
    else if (character === '[') position += parseBrackets(rest, steps)
    else if (rest.startsWith('..')) position += parseRecursive(rest, steps)
    else if (character === '.') position += parseField(rest, 1, steps)
    else position += parseLiteral(rest, steps)
  }
  return steps
}

/** A name, in which a backslash takes the next character as it is; kubectl's terminators end it. */
const name = /^(?:\\.|[^\s.,[\]$@{}\\])*/su

// Each parser answers with the number of characters that it took.
function parseField(text: string, prefix: number, steps: Step[]): number {
  const found = name.exec(text.slice(prefix))?.[0] ?? ''
  if (found === '*') steps.push({ type: 'wildcard' })
  else if (found !== '') steps.push({ type: 'field', name: found.replace(/\\(.)/gsu, '$1') })
  return prefix + found.length
}

function parseRecursive(text: string, steps: Step[]): number {
  if (steps.at(-1)?.type === 'recursive') throw new JsonPathError('invalid multiple recursive descent')
  steps.push({ type: 'recursive' })
  return parseField(text, 2, steps)
}

function parseLiteral(text: string, steps: Step[]): number {
  const quoted = /^(["'])((?:\\.|(?!\1)[^\\])*)\1/su.exec(text)
  if (quoted) {
    steps.push({ type: 'literal', value: (quoted[2] ?? '').replace(/\\(.)/gsu, '$1') })
    return quoted[0].length
  }
  const number = /^[+-]?[0-9.]+/.exec(text)?.[0]
  if (number !== undefined) {
    if (!Number.isFinite(Number(number))) throw new JsonPathError(`cannot parse number ${number}`)
    steps.push({ type: 'literal', value: Number(number) })
    return number.length
  }
  const word = /^[\p{L}_][^\s.,[\]$@{}]*/u.exec(text)?.[0]
  if (word === 'true' || word === 'false') {
    steps.push({ type: 'literal', value: word === 'true' })
    return word.length
  }
  if (word !== undefined) throw new JsonPathError(`unrecognized identifier ${word}`)
  throw new JsonPathError(`unrecognized character in action: ${goQuote(text.slice(0, 1))}`)
}

function parseBrackets(text: string, steps: Step[]): number {
  const found = /^\[((?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[^\]'"])*)\]/su.exec(text)
  if (!found) throw new JsonPathError('unterminated array')
  const members = splitMembers(found[1] ?? '')
  if (members.length > 1) steps.push({ type: 'union', members: members.map((member) => [parseIndex(member)]) })
  else steps.push(parseIndex(members[0] ?? ''))
  return found[0].length
}

function splitMembers(text: string): string[] {
  const members = text.match(/(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[^,'"])+/gsu) ?? []
  return members.map((member) => member.trim())
}

function parseIndex(text: string): Step {
  if (text === '*') return { type: 'wildcard' }
  const key = /^(?:'(.*)'|"(.*)")$/su.exec(text)
  if (key) return { type: 'field', name: (key[1] ?? key[2] ?? '').replace(/\\(.)/gsu, '$1') }
  const range = /^(-?[0-9]{1,15})?(?:(:)(-?[0-9]{1,15})?(?::(-?[0-9]{1,15})?)?)?$/.exec(text)
  const [, start, colon, end, step] = range ?? []
  if (!range || text === '') throw new JsonPathError(`invalid array index ${text}`)
  if (colon === undefined) return { type: 'slice', start: Number(start), end: 'next', step: 1 }
  if (step !== undefined && Number(step) <= 0) throw new JsonPathError('step must be > 0')
  return {
    type: 'slice',
    ...(start === undefined ? {} : { start: Number(start) }),
    ...(end === undefined ? {} : { end: Number(end) }),
    step: Number(step ?? 1),
  }
}

function parseFilter(text: string, steps: Step[]): number {
  const found = /^\[\?\(((?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[^)'"])*)\)\]/su.exec(text)
  const condition = found?.[1]
  if (!found || condition === undefined) throw new JsonPathError('unterminated filter')
  if (condition.includes('[?(')) throw new JsonPathError('filters cannot be nested')
  const match = /^([^!<>=]+)([!<>=]+)(.+)$/s.exec(condition)
  if (!match) steps.push({ type: 'filter', left: parseSteps(condition), operator: 'exists', right: [] })
  else {
    const [, left = '', operator = '', right = ''] = match
    if (!operators.has(operator)) throw new JsonPathError(`unrecognized filter operator ${operator}`)
    steps.push({
      type: 'filter',
      left: parseSteps(left),
      operator: operator as FilterOperator,
      right: parseSteps(right.trim()),
    })
  }
  return found[0].length
}
