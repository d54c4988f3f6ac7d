import type { Json } from './object.ts'
import { utf8ByteLength } from './utf8.ts'
import { formatFloat, isBase60, resolveScalar } from './yaml-scalars.ts'

/**
 * YAML as `kubectl get -o yaml` prints it: keys in natural order, lists not indented below their key, texts with line
 * breaks as literal blocks, long texts folded at 80 columns.
 */
export function toYaml(value: unknown): string {
  const writer = new YamlWriter()
  writer.document(value as Json)
  return writer.text()
}

/** A space beyond this column becomes a line break. */
const width = 80
/** Longer keys are written as `? key`. */
const maxKeyBytes = 128

class YamlWriter {
  readonly #lines: string[] = []
  #line = ''

  text(): string {
    return `${this.#lines.join('\n')}${this.#lines.length > 0 ? '\n' : ''}${this.#line}\n`
  }

  document(value: Json): void {
    if (isFilled(value)) this.#block(value, 0)
    else this.#inline(value, 2)
  }

  // Begins on the current line, which holds nothing but indent, dashes and colons.
  #block(value: object, indent: number): void {
    if (Array.isArray(value)) this.#sequence(value as Json[], indent)
    else this.#mapping(value, indent)
  }

  #sequence(items: readonly Json[], indent: number): void {
    items.forEach((item, index) => {
      if (index > 0) this.#newLine(indent)
      this.#line += '- '
      if (isFilled(item)) this.#block(item, indent + 2)
      else this.#inline(item, indent + 2)
    })
  }

  #mapping(object: object, indent: number): void {
    const entries = Object.entries(object).filter(([, value]) => value !== undefined) as [string, Json][]
    entries.sort(([a], [b]) => compareNaturally(a, b))
    entries.forEach(([key, value], index) => {
      if (index > 0) this.#newLine(indent)
      const isSimple = this.#key(key, indent)
      if (!isFilled(value)) {
        this.#line += ' '
        this.#inline(value, indent + 2)
      } else if (isSimple) {
        const inner = Array.isArray(value) ? indent : indent + 2
        this.#newLine(inner)
        this.#block(value, inner)
      } else {
        this.#line += ' '
        this.#block(value, indent + 2)
      }
    })
  }

  #key(key: string, indent: number): boolean {
    const isSimple = !key.includes('\n') && utf8ByteLength(key) <= maxKeyBytes
    if (isSimple) this.#string(key, undefined, indent)
    else {
      this.#line += '? '
      this.#string(key, width, indent + 2)
      this.#newLine(indent)
    }
    this.#line += ':'
    return isSimple
  }

  #inline(value: Json, indent: number): void {
    if (typeof value === 'string') this.#string(value, width, indent)
    else if (typeof value === 'number') this.#line += formatNumber(value)
    else if (Array.isArray(value)) this.#line += '[]'
    else if (typeof value === 'object') this.#line += value === null ? 'null' : '{}'
    else this.#line += String(value)
  }

  // Keys are not folded: no `foldAt`.
  #string(text: string, foldAt: number | undefined, indent: number): void {
    const style = styleOf(text, foldAt === undefined)
    if (style === 'literal') this.#literal(text, indent)
    else if (style === 'double') this.#doubleQuoted(text, foldAt, indent)
    else if (style === 'plain') this.#folded(text, foldAt, indent, 0)
    else {
      this.#line += "'"
      this.#folded(text, foldAt, indent, 1)
      this.#line += "'"
    }
  }

  /** A single space beyond the width breaks the line; `margin` characters at both ends never do. */
  #folded(text: string, foldAt: number | undefined, indent: number, margin: 0 | 1): void {
    let column = codePoints(this.#line)
    let afterSpace = false
    const end = text.length
    for (let index = 0; index < end; index++) {
      const character = text.charAt(index)
      if (character === ' ' && !afterSpace && foldAt !== undefined && column > foldAt) {
        const isInside = index >= margin && index < end - margin
        if (isInside && text[index + 1] !== ' ') {
          this.#newLine(indent)
          column = indent
          afterSpace = true
          continue
        }
      }
      afterSpace = character === ' '
      this.#line += margin === 1 && character === "'" ? "''" : character
      column += margin === 1 && character === "'" ? 2 : 1
    }
  }

  #doubleQuoted(text: string, foldAt: number | undefined, indent: number): void {
    this.#line += '"'
    let column = codePoints(this.#line)
    let afterSpace = false
    const characters = Array.from(text.replace(/\p{Surrogate}/gu, '\ufffd'))
    characters.forEach((character, index) => {
      if (character === ' ' && !afterSpace && foldAt !== undefined && column > foldAt) {
        if (index > 0 && index < characters.length - 1) {
          this.#newLine(indent)
          column = indent
          if (characters[index + 1] === ' ') {
            this.#line += '\\'
            column++
          }
          afterSpace = true
          return
        }
      }
      const written = needsEscape.test(character) ? escape(character) : character
      afterSpace = character === ' '
      this.#line += written
      column += written.length
    })
    this.#line += '"'
  }

  #literal(text: string, indent: number): void {
    const lines = text.split('\n')
    if (lines.at(-1) === '') lines.pop()
    const indentHint = /^[ \n]/.test(text) ? '2' : ''
    const chomping = !text.endsWith('\n') ? '-' : text === '\n' || text.endsWith('\n\n') ? '+' : ''
    this.#line += `|${indentHint}${chomping}`
    for (const line of lines) {
      this.#newLine(line === '' ? 0 : indent)
      this.#line += line
    }
  }

  #newLine(indent: number): void {
    this.#lines.push(this.#line)
    this.#line = ' '.repeat(indent)
  }
}

function isFilled(value: Json): value is Json[] | { [key: string]: Json } {
  if (typeof value !== 'object' || value === null) return false
  return Array.isArray(value) ? value.length > 0 : Object.values(value).some((child) => child !== undefined)
}

function codePoints(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}

/** What go-yaml does not call printable (tabs and everything beyond U+FFFF included), and line breaks other than \n. */
const special = /[^\n\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/u
const needsEscape = /["\\\n]|[^\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/u
const startsLikeSyntax = /^(?:---|\.\.\.|[#,[\]{}&*!|>'"%@`]|[?:-](?:[ \t]|$))/
const containsSyntax = /:(?:[ \t]|$)|[\s\0]#/

type Style = 'plain' | 'single' | 'double' | 'literal'

function styleOf(text: string, isKey: boolean): Style {
  if (special.test(text)) return 'double'
  if (text.includes('\n')) return isKey || text.endsWith(' ') || text.includes(' \n') ? 'double' : 'literal'
  if (resolveScalar(text).kind !== 'string' || isBase60(text)) return 'double'
  const isPlain = !/^ | $/.test(text) && !startsLikeSyntax.test(text) && !containsSyntax.test(text)
  return isPlain ? 'plain' : 'single'
}

const shortEscapes: ReadonlyMap<string, string> = new Map([
  ['\0', '0'],
  ['\u0007', 'a'],
  ['\b', 'b'],
  ['\t', 't'],
  ['\n', 'n'],
  ['\v', 'v'],
  ['\f', 'f'],
  ['\r', 'r'],
  ['\u001b', 'e'],
  ['"', '"'],
  ['\\', '\\'],
  ['\u0085', 'N'],
  ['\u2028', 'L'],
  ['\u2029', 'P'],
])

function escape(character: string): string {
  const short = shortEscapes.get(character)
  if (short !== undefined) return `\\${short}`
  const hex = (character.codePointAt(0) ?? 0).toString(16).toUpperCase()
  if (hex.length <= 2) return `\\x${hex.padStart(2, '0')}`
  return hex.length <= 4 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}

function formatNumber(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e21 ? String(value) : formatFloat(value)
}

/** Numbers inside keys count as numbers (`item2` before `item10`), letters come after everything else. */
function compareNaturally(left: string, right: string): number {
  const a = Array.from(left)
  const b = Array.from(right)
  const index = a.findIndex((character, position) => character !== b[position])
  const [ac, bc] = [a[index], b[index]]
  if (ac === undefined || bc === undefined) return a.length - b.length
  const [aIsLetter, bIsLetter] = [isLetter(ac), isLetter(bc)]
  if (aIsLetter !== bIsLetter) return aIsLetter ? 1 : -1
  if (aIsLetter) return compareCodePoints(ac, bc)
  // Zeros inside a number are part of it.
  const isInNumber = (ac === '0' || bc === '0') && /[1-9]\d*$/.test(left.slice(0, a.slice(0, index).join('').length))
  const [an, bn] = [numberAt(a, index), numberAt(b, index)]
  const start = isInNumber ? '1' : ''
  const [av, bv] = [BigInt(start + an || '0'), BigInt(start + bn || '0')]
  if (av !== bv) return av < bv ? -1 : 1
  return an.length - bn.length || compareCodePoints(ac, bc)
}

function isLetter(character: string): boolean {
  return /^\p{L}$/u.test(character)
}

function numberAt(characters: readonly string[], start: number): string {
  return /^\d*/.exec(characters.slice(start).join(''))?.[0] ?? ''
}

function compareCodePoints(a: string, b: string): number {
  return (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0)
}
