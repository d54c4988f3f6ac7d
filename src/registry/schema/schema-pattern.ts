import { LRUCache } from 'lru-cache'
import { RE2JS } from 're2js'

type Matcher = (text: string) => boolean

/** Compiled patterns by text: some kilobytes each, shared by all schemas. */
const compiled = new LRUCache<string, Matcher>({ max: 2_000 })

/**
 * Work of one match as characters times pattern length; half a second at worst. Nobody writes a megabyte that a long
 * pattern has to judge, and the event loop belongs to everyone.
 */
const maxMatchWork = 50_000_000

/** Whether the text contains a match of the RE2 pattern. An invalid pattern matches nothing. */
export function matchesPattern(pattern: string, text: string): boolean {
  if (pattern.length * text.length > maxMatchWork) return false
  let matcher = compiled.get(pattern)
  if (!matcher) compiled.set(pattern, (matcher = compile(pattern)))
  return matcher(text)
}

/** Why RE2 refuses a pattern, in Go's words; undefined for a good one. */
export function patternProblem(pattern: string): string | undefined {
  try {
    RE2JS.compile(pattern)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function compile(pattern: string): Matcher {
  try {
    if (wellKnown.has(pattern) || isSimple(pattern)) {
      const expression = new RegExp(pattern)
      return (text) => expression.test(text)
    }
    const expression = RE2JS.compile(pattern)
    return (text) => expression.matcher(text).find()
  } catch {
    return () => false
  }
}

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const subdomain = `${label}(\\.${label})*`
const qualifiedName = '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])'

/**
 * Patterns that half of all CRDs carry. JavaScript's engine is thirty times as fast as RE2 and takes linear time on
 * these: each repetition is followed by a character that cannot continue it, or ends within one step back.
 */
const wellKnown: ReadonlySet<string> = new Set([
  `^${label}$`,
  `^${subdomain}$`,
  `^(\\*\\.)?${subdomain}$`,
  `^${qualifiedName}?$`,
  `^(${subdomain}/)?${qualifiedName}$`,
  `^(${subdomain}\\/)?${qualifiedName}$`,
  '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$',
  '^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$',
  '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$',
])

/** A literal character or class of ASCII characters that means the same to RE2 and JavaScript, perhaps repeated. */
const atom = /(?:\[[A-Za-z0-9_\-.:/+=, ]+\]|[A-Za-z0-9_\-:/=, ]|\\[.\-/+*?])(?:\{[0-9]{1,2}(?:,[0-9]{1,2})?\}|[?])?/y
const lastRepeat = /(?:\[[A-Za-z0-9_\-.:/+=, ]+\])[*+]\$$/

/** `^` … `$` around atoms of bounded length, the last one perhaps unbounded: no way to backtrack far. */
function isSimple(pattern: string): boolean {
  if (pattern.length > 200 || !pattern.startsWith('^') || !pattern.endsWith('$')) return false
  const last = lastRepeat.exec(pattern)
  const body = pattern.slice(1, last ? last.index : -1)
  atom.lastIndex = 0
  let optional = 0
  while (atom.lastIndex < body.length) {
    const match = atom.exec(body)
    if (!match) return false
    if (/[?}]$/.test(match[0])) optional++
  }
  return optional <= 2 && (!last || optional === 0)
}
