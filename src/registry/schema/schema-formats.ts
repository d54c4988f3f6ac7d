import { isIPv4, isIPv6 } from 'node:net'
import { RE2JS } from 're2js'
import { daysIn } from './go-time.ts'

type Check = (text: string) => boolean

/**
 * The formats of strings that upstream checks in custom resources, by name without dashes (`date-time` is `datetime`).
 * What is not here is not checked. Facts of k8s.io/apiextensions-apiserver pkg/apiserver/validation/formats.go.
 */
const checks: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['bsonobjectid', matches(/^[0-9a-fA-F]{24}$/)],
  ['uri', isRequestUri],
  ['email', isEmail],
  ['hostname', isHostname],
  ['ipv4', (text) => text.includes('.') && isSloppyIp(text)],
  ['ipv6', (text) => text.includes(':') && isIp(text)],
  ['cidr', isCidr],
  ['mac', isMac],
  ['uuid', matches(/^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i)],
  ['uuid3', matches(/^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i)],
  ['uuid4', matches(/^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i)],
  ['uuid5', matches(/^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i)],
  ['isbn', (text) => isIsbn10(text) || isIsbn13(text)],
  ['isbn10', isIsbn10],
  ['isbn13', isIsbn13],
  ['creditcard', isCreditCard],
  ['ssn', (text) => text.length === 11 && /^[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}$/.test(text)],
  ['hexcolor', matches(/^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/)],
  ['rgbcolor', isRgbColor],
  ['byte', (text) => text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text)],
  ['password', () => true],
  ['date', isDate],
  ['duration', isDuration],
  ['datetime', isDateTime],
  ['k8sshortname', (text) => text.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text)],
  [
    'k8slongname',
    (text) => text.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text),
  ],
])

/** Whether upstream knows this format for the type; what it does not know it ignores and warns about. */
export function isKnownFormat(type: string | undefined, format: string): boolean {
  if (type === undefined || type === '' || type === 'string') return checks.has(normalized(format))
  if (type === 'integer') return format === 'int32' || format === 'int64'
  return type === 'number' && (format === 'float' || format === 'double')
}

export function matchesFormat(format: string, text: string): boolean {
  const check = checks.get(format) ?? checks.get(normalized(format))
  return check === undefined || check(text)
}

function normalized(format: string): string {
  return format.replaceAll('-', '')
}

function matches(expression: RegExp): Check {
  return (text) => text.length < 64 && expression.test(text)
}

/** Go's url.ParseRequestURI: an absolute URI or an absolute path. */
function isRequestUri(text: string): boolean {
  // eslint-disable-next-line eslint/no-control-regex -- control characters are what it looks for
  if (text === '' || /[\u0000-\u001f\u007f]/.test(text)) return false
  if (text === '*') return true
  if (text.startsWith(':')) return false
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]*(?=:)/.exec(text)?.[0] ?? ''
  const rest = text.slice(scheme === '' ? 0 : scheme.length + 1).split('?', 1)[0] ?? ''
  if (!rest.startsWith('/')) return scheme !== ''
  if (!rest.startsWith('//') || (scheme === '' && rest.startsWith('///'))) return hasValidEscapes(rest)
  const [authority, path] = splitAt(rest.slice(2), rest.indexOf('/', 2) - 2)
  return isAuthority(authority) && hasValidEscapes(path)
}

function splitAt(text: string, index: number): [string, string] {
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index)]
}

function isAuthority(authority: string): boolean {
  const at = authority.lastIndexOf('@')
  if (at >= 0 && !/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(authority.slice(0, at))) return false
  const host = authority.slice(at + 1)
  if (host.startsWith('[')) return /^\[[^\]\s]*\](:[0-9]*)?$/.test(host)
  // Of what is not alphanumeric a host takes the sub-delimiters and, leniently, quotes and angle brackets.
  return (
    /^([A-Za-z0-9\-._~!$&'()*+,;=:[\]<>"\u0080-\u{10ffff}]|%[89A-Fa-f][0-9A-Fa-f])*$/u.test(host) && hasValidPort(host)
  )
}

function hasValidPort(host: string): boolean {
  const colon = host.lastIndexOf(':')
  return colon < 0 || /^[0-9]*$/.test(host.slice(colon + 1))
}

function hasValidEscapes(text: string): boolean {
  return !/%(?![0-9A-Fa-f]{2})/.test(text)
}

/** Go's mail.ParseAddress for what people write: `a@b`, `<a@b>`, `Name <a@b>`. */
function isEmail(text: string): boolean {
  const trimmed = text.trim()
  const bracketed = /^[^<>]*<([^<>]*)>$/.exec(trimmed)
  const address = bracketed?.[1] ?? trimmed
  const at = address.lastIndexOf('@')
  if (at <= 0) return false
  return isLocalPart(address.slice(0, at)) && isDotAtom(address.slice(at + 1))
}

function isLocalPart(text: string): boolean {
  return isDotAtom(text) || /^"([^"\\\r\n]|\\.)*"$/.test(text)
}

function isDotAtom(text: string): boolean {
  return text.split('.').every((atom) => /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\u{10ffff}]+$/u.test(atom))
}

let hostname: RE2JS | undefined

function isHostname(text: string): boolean {
  if (text.length > 255 || text.split('.').some((label) => label.length > 63)) return false
  const letter = '[a-zA-Z0-9\\p{S}\\p{L}]'
  const inner = '[a-zA-Z0-9-\\p{S}\\p{L}]'
  hostname ??= RE2JS.compile(
    `^(${letter}((-?${letter}{0,62})?)|(${letter}((${inner}{0,61}${letter})?)(\\.)){1,}([a-zA-Z\\p{L}]){2,63})$`,
  )
  return hostname.matcher(text).find()
}

function isIp(text: string): boolean {
  return isIPv4(text) || (isIPv6(text) && !text.includes('%'))
}

/** Leading zeros in the octets of IPv4 are taken as decimal, as upstream does for the sake of old objects. */
function isSloppyIp(text: string): boolean {
  return isIp(text) || (text.length < 64 && isIp(text.replace(/(^|[.:])0+(?=[0-9]+(\.|$))/g, '$1')))
}

function isCidr(text: string): boolean {
  const slash = text.indexOf('/')
  const address = text.slice(0, slash)
  const bits = text.slice(slash + 1)
  if (slash < 0 || !isSloppyIp(address) || !/^[0-9]{1,3}$/.test(bits)) return false
  return Number(bits) <= (address.includes(':') ? 128 : 32)
}

function isMac(text: string): boolean {
  const byteCounts = [6, 8, 20]
  if (/^[0-9a-f]{2}([:-][0-9a-f]{2})*$/i.test(text) && new Set(text.match(/[:-]/g)).size === 1) {
    return byteCounts.includes((text.length + 1) / 3)
  }
  return /^[0-9a-f]{4}(\.[0-9a-f]{4})*$/i.test(text) && byteCounts.includes(((text.length + 1) / 5) * 2)
}

function withoutSpacesAndDashes(text: string): string {
  return text.replace(/[\t\n\f\r -]+/g, '')
}

function isIsbn10(text: string): boolean {
  const digits = withoutSpacesAndDashes(text)
  if (!/^[0-9]{9}[0-9X]$/.test(digits)) return false
  let sum = 0
  for (let index = 0; index < 10; index++) sum += (index + 1) * (digits[index] === 'X' ? 10 : Number(digits[index]))
  return sum % 11 === 0
}

function isIsbn13(text: string): boolean {
  const digits = withoutSpacesAndDashes(text)
  if (!/^[0-9]{13}$/.test(digits)) return false
  let sum = 0
  for (let index = 0; index < 12; index++) sum += (index % 2 === 0 ? 1 : 3) * Number(digits[index])
  return Number(digits[12]) === (10 - (sum % 10)) % 10
}

function isCreditCard(text: string): boolean {
  const digits = text.replace(/[^0-9]+/g, '')
  const issuers =
    /^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35[0-9]{3})[0-9]{11})$/
  if (!issuers.test(digits)) return false
  let sum = 0
  for (let index = digits.length - 1, double = false; index >= 0; index--, double = !double) {
    const digit = Number(digits[index]) * (double ? 2 : 1)
    sum += digit > 9 ? digit - 9 : digit
  }
  return sum % 10 === 0
}

function isRgbColor(text: string): boolean {
  const match = /^rgb\(([0-9, \t\n\f\r]*)\)$/.exec(text)
  const parts = match?.[1]?.split(',') ?? []
  return parts.length === 3 && parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part.trim()) && Number(part) <= 255)
}

function isDate(text: string): boolean {
  const match = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/.exec(text)
  if (!match) return false
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number]
  return month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month)
}

function isDateTime(text: string): boolean {
  const [date = '', time, ...more] = text.toLowerCase().split('t')
  if (time === undefined || !isDate(date) || more.length > 0 || time.length > 64) return false
  const match = /^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|[+-][0-9]{2}:[0-9]{2})$/.exec(time)
  return match !== null && Number(match[1]) <= 23 && Number(match[2]) <= 59 && Number(match[3]) <= 59
}

const unitNames = 'ns|us|µs|μs|ms|s|m|h'
const goDuration = new RegExp(`^[+-]?(0|((([0-9]+)(\\.[0-9]*)?|\\.[0-9]+)(${unitNames}))+)$`)
/** Units as words; the last of each is matched as a prefix (`seconds`). */
const wordUnits = [
  'ns',
  'nano',
  'us',
  'µs',
  'micro',
  'ms',
  'milli',
  's',
  'sec',
  'm',
  'min',
  'h',
  'hr',
  'hour',
  'd',
  'day',
  'w',
  'wk',
  'week',
]
const unitPrefixes = ['nano', 'micro', 'milli', 'sec', 'min', 'hour', 'day', 'week']

/** What Go's time.ParseDuration takes, or amounts with units in words: `2 days 3 hours`. */
function isDuration(text: string): boolean {
  if (text.length > 1024) return false
  if (goDuration.test(text)) return true
  for (const [, unitText = ''] of text.matchAll(/[0-9]+[\t\n\f\r ]*([A-Za-zµ]+)/g)) {
    const unit = unitText.toLowerCase()
    if (wordUnits.includes(unit) || unitPrefixes.some((prefix) => unit.startsWith(prefix))) return true
  }
  return false
}
