import { utf8ByteLength } from './utf8.ts'

/**
 * Checks of names, keys and values: each answers with what is wrong, in upstream's words, and with nothing when all is well.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
 */
export type Messages = readonly string[]

/** A check of an object's name; `isPrefix` when it is a generateName, which may end in a dash. */
export type NameCheck = (name: string, isPrefix: boolean) => Messages

const none: Messages = Object.freeze([])

interface Format {
  /** In the words of the message, which shows the pattern to the user. */
  readonly pattern: string
  readonly expression: RegExp
  readonly message: string
}

function format(pattern: string, text: string, examples: readonly string[] = []): Format {
  return { pattern, expression: new RegExp(`^${pattern}$`), message: formatMessage(text, pattern, examples) }
}

/** `text (e.g. 'a',  or 'b', regex used for validation is '…')`: clients show and tests quote these odd commas. */
export function formatMessage(text: string, pattern: string, examples: readonly string[]): string {
  if (examples.length === 0) return `${text} (regex used for validation is '${pattern}')`
  const list = examples.map((example) => `'${example}', `).join(' or ')
  return `${text} (e.g. ${list}regex used for validation is '${pattern}')`
}

export function maxLengthMessage(max: number, unit: 'characters' | 'bytes' = 'characters'): string {
  return `must be no more than ${max} ${unit}`
}

export function inclusiveRangeMessage(low: number, high: number): string {
  return `must be between ${low} and ${high}, inclusive`
}

const alphanumericEnds = 'must start and end with an alphanumeric character'
const dns1123LabelPattern = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const dns1123Label = format(
  dns1123LabelPattern,
  `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and ${alphanumericEnds}`,
  ['my-name', '123-abc'],
)
const dns1123SubdomainPattern = `${dns1123LabelPattern}(\\.${dns1123LabelPattern})*`
const dns1123Subdomain = format(
  dns1123SubdomainPattern,
  `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and ${alphanumericEnds}`,
  ['example.com'],
)
const wildcardDns1123Subdomain = format(
  `\\*\\.${dns1123SubdomainPattern}`,
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
  ['*.example.com'],
)
const dns1035Label = format(
  '[a-z]([-a-z0-9]*[a-z0-9])?',
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  ['my-name', 'abc-123'],
)
const labelKeyPattern = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const labelKeyText = `must consist of alphanumeric characters, '-', '_' or '.', and ${alphanumericEnds}`
const labelKey = format(labelKeyPattern, labelKeyText, ['MyName', 'my.name', '123-abc'])
const labelValue = format(
  `(${labelKeyPattern})?`,
  `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and ${alphanumericEnds}`,
  ['MyValue', 'my_value', '12345'],
)
const envVarName = format(
  '[-._a-zA-Z][-._a-zA-Z0-9]*',
  "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit",
  ['my.env-name', 'MY_ENV.NAME', 'MyEnvName1'],
)
const configMapKey = format(
  '[-._a-zA-Z0-9]+',
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  ['key.name', 'KEY_NAME', 'key-name'],
)
const percent = format('[0-9]+%', "a valid percent string must be a numeric string followed by an ending '%'", [
  '1%',
  '93%',
])
const httpHeaderName = format('[-A-Za-z0-9]+', "a valid HTTP header must consist of alphanumeric characters or '-'", [
  'X-Header-Name',
])

export const dns1123LabelMaxLength = 63
export const dns1123SubdomainMaxLength = 253

function check(value: string, form: Format, maxLength = Infinity, unit?: 'bytes'): Messages {
  const fits = value.length <= maxLength
  // What matches is ASCII, so its length in units is its length in bytes.
  if (fits && form.expression.test(value)) return none
  const messages: string[] = []
  if (!fits || utf8ByteLength(value) > maxLength) messages.push(maxLengthMessage(maxLength, unit))
  if (!form.expression.test(value)) messages.push(form.message)
  return messages
}

/** Namespaces and whatever else becomes one part of a DNS name. */
export function checkDns1123Label(value: string): Messages {
  const messages = check(value, dns1123Label, dns1123LabelMaxLength)
  if (messages.length === 0 || dns1123Label.expression.test(value) || !dns1123Subdomain.expression.test(value)) {
    return messages
  }
  return [...messages.slice(0, -1), 'must not contain dots']
}

/** The names of most kinds. */
export function checkDns1123Subdomain(value: string): Messages {
  return check(value, dns1123Subdomain, dns1123SubdomainMaxLength)
}

export function checkWildcardDns1123Subdomain(value: string): Messages {
  return check(value, wildcardDns1123Subdomain, dns1123SubdomainMaxLength)
}

export function checkDns1035Label(value: string): Messages {
  return check(value, dns1035Label, dns1123LabelMaxLength)
}

/** Label keys, annotation keys (lower-cased before), finalizers, condition types: `[domain/]name`. */
export function checkQualifiedName(value: string): Messages {
  const slash = value.indexOf('/')
  if (slash !== -1 && value.includes('/', slash + 1)) {
    const hint = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
    return [`a valid label key ${labelKey.message} ${hint}`]
  }
  const name = value.slice(slash + 1)
  const prefixMessages = slash === -1 ? none : checkPrefix(value.slice(0, slash))
  if (prefixMessages.length === 0 && name.length <= 63 && labelKey.expression.test(name)) return none
  const messages = [...prefixMessages]
  if (name === '') messages.push('name part must be non-empty')
  else if (utf8ByteLength(name) > 63) messages.push(`name part ${maxLengthMessage(63, 'bytes')}`)
  if (!labelKey.expression.test(name)) messages.push(`name part ${labelKey.message}`)
  return messages
}

function checkPrefix(prefix: string): Messages {
  if (prefix === '') return ['prefix part must be non-empty']
  return check(prefix, dns1123Subdomain, dns1123SubdomainMaxLength, 'bytes').map((message) => `prefix part ${message}`)
}

export function checkLabelValue(value: string): Messages {
  return check(value, labelValue, 63, 'bytes')
}

export function checkEnvVarName(value: string): Messages {
  return [...check(value, envVarName), ...parentFolderMessages(value)]
}

/** Any printable ASCII but `=`: what pods may name their variables today. */
export function checkRelaxedEnvVarName(value: string): Messages {
  if (value === '') return ['environment variable name must be non-empty']
  if (/^[ -<>-~]+$/.test(value)) return none
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
}

export function checkConfigMapKey(value: string): Messages {
  return [...check(value, configMapKey, dns1123SubdomainMaxLength), ...parentFolderMessages(value)]
}

function parentFolderMessages(value: string): Messages {
  if (value === '.') return ["must not be '.'"]
  if (value === '..') return ["must not be '..'"]
  return value.startsWith('..') ? ["must not start with '..'"] : none
}

export function checkPercent(value: string): Messages {
  return check(value, percent)
}

export function checkHttpHeaderName(value: string): Messages {
  return check(value, httpHeaderName)
}

/** Names of ports: RFC 6335 section 5.1, lower case. */
export function checkPortName(value: string): Messages {
  const messages: string[] = []
  if (utf8ByteLength(value) > 15) messages.push(maxLengthMessage(15))
  if (!/^[-a-z0-9]+$/.test(value)) {
    messages.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')
  }
  if (!/[a-z]/.test(value)) messages.push('must contain at least one letter (a-z)')
  if (value.includes('--')) messages.push('must not contain consecutive hyphens')
  if (value.startsWith('-') || value.endsWith('-')) messages.push('must not begin or end with a hyphen')
  return messages
}

export function checkPortNumber(value: number): Messages {
  return checkInRange(value, 1, 65_535)
}

export function checkInRange(value: number, low: number, high: number): Messages {
  return value >= low && value <= high ? none : [inclusiveRangeMessage(low, high)]
}

/** Whatever can stand alone in a URL path: names of RBAC kinds and of all that has no rule of its own. */
export function checkPathSegmentName(value: string): Messages {
  return value === '.' || value === '..' ? [`may not be '${value}'`] : checkPathSegmentPrefix(value)
}

function checkPathSegmentPrefix(value: string): Messages {
  return ['/', '%'].filter((illegal) => value.includes(illegal)).map((illegal) => `may not contain '${illegal}'`)
}

// A prefix may end in a dash. As upstream, the dash takes the byte before it along (`a_-` passes as a prefix).
function maskTrailingDash(name: string): string {
  return name.replace(/\p{ASCII}-$/u, 'a')
}

export const nameIsDnsSubdomain: NameCheck = (name, isPrefix) =>
  checkDns1123Subdomain(isPrefix ? maskTrailingDash(name) : name)
export const nameIsDnsLabel: NameCheck = (name, isPrefix) => checkDns1123Label(isPrefix ? maskTrailingDash(name) : name)
export const nameIsDns1035Label: NameCheck = (name, isPrefix) =>
  checkDns1035Label(isPrefix ? maskTrailingDash(name) : name)
export const nameIsPathSegment: NameCheck = (name, isPrefix) =>
  isPrefix ? checkPathSegmentPrefix(name) : checkPathSegmentName(name)
