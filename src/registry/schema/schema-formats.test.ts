import { describe, expect, it } from 'vitest'
import { formatMicroTime, formatTime, parseGoTime, rfc3339MicroLayout } from './go-time.ts'
import { formatGoFloat } from './go-format.ts'
import { isKnownFormat, matchesFormat } from './schema-formats.ts'
import { matchesPattern, patternProblem } from './schema-pattern.ts'

/** format, what it takes, what it refuses; judged by kube-openapi's strfmt. */
const formats: [string, string[], string[]][] = [
  ['bsonobjectid', ['507f1f77bcf86cd799439011'], ['507f1f77bcf86cd79943901', 'x']],
  [
    'uri',
    ['http://a', '/p', '*', 'mailto:x', 'http://a:80/b?c=d', 'http://[::1]:80/', 'x:y', 'http://u:p@h/%41'],
    ['x', '', '://a', 'http://a b/', 'http://a:b/', '/%4', 'a/b', 'http://[::1/', '/a\u0001'],
  ],
  ['email', ['a@b', 'Name <a@b.c>', '<a@b>', '"a b"@c', 'ü@ä.de'], ['a', '@b', 'a@', 'a b@c', 'a@b@c <', 'a..b@c']],
  [
    'hostname',
    ['a', 'a.example.com', '1.example.com', 'ä.example.com'],
    ['-a', 'a..b', `${'a'.repeat(64)}.com`, 'a_b'],
  ],
  ['ipv4', ['1.2.3.4', '010.1.2.3', '::ffff:1.2.3.4'], ['1.2.3', '::1', '1.2.3.256', 'x']],
  ['ipv6', ['::1', 'fe80::1', '::ffff:1.2.3.4'], ['1.2.3.4', 'fe80::1%eth0', ':::', 'x']],
  ['cidr', ['10.0.0.0/8', '::/0', '010.0.0.0/8'], ['10.0.0.0', '10.0.0.0/33', '::/129', '10.0.0.0/x']],
  ['mac', ['01:23:45:67:89:ab', '01-23-45-67-89-ab', '0123.4567.89ab'], ['01:23:45', '01:23-45:67:89:ab', 'x']],
  ['uuid', ['f47ac10b-58cc-4372-8567-0e02b2c3d479', 'F47AC10B58CC437285670E02B2C3D479'], ['f47ac10b', '']],
  ['uuid4', ['f47ac10b-58cc-4372-8567-0e02b2c3d479'], ['f47ac10b-58cc-1372-8567-0e02b2c3d479']],
  ['isbn', ['0321751043', '978-0321751041'], ['0321751044', 'x']],
  ['isbn10', ['0-321-75104-3', '080442957X'], ['978-0321751041']],
  ['isbn13', ['978-0321751041'], ['0321751043']],
  ['creditcard', ['4111 1111 1111 1111'], ['4111 1111 1111 1112', 'x']],
  ['ssn', ['123-45-6789', '123 45 6789'], ['123456789', 'x']],
  ['hexcolor', ['#FFFFFF', 'fff'], ['#FFFF', 'x']],
  ['rgbcolor', ['rgb(1, 2,255)'], ['rgb(1,2,256)', 'rgb(1,2)', 'x']],
  ['byte', ['YQ==', 'YWJj'], ['', 'YQ', '%%']],
  ['password', ['', 'anything'], []],
  ['date', ['2020-02-29'], ['2021-02-29', '2020-2-1', 'x']],
  ['duration', ['1h', '1.5h30m', '-2s', '0', '2 days', '3 weeks 1 hour', '5 MINUTES'], ['x', '', '5', '1y']],
  [
    'date-time',
    ['2020-01-01T00:00:00Z', '2020-01-01t00:00:00.123+02:00', '2020-01-01T23:59:59z'],
    ['2020-01-01', '2020-01-01T24:00:00Z', '2020-01-01 00:00:00Z', '2020-13-01T00:00:00Z', 'x'],
  ],
  ['k8s-short-name', ['a', 'a-b'], ['A', '-a', 'a.b', 'a'.repeat(64)]],
  ['k8s-long-name', ['a.b', `${'a'.repeat(100)}.b`], ['A.b', '.a', 'a'.repeat(254)]],
]

describe('formats of strings', () => {
  it.each(formats)('%s takes %j and refuses %j', (format, good, bad) => {
    expect(good.filter((text) => !matchesFormat(format, text))).toEqual([])
    expect(bad.filter((text) => matchesFormat(format, text))).toEqual([])
    expect(isKnownFormat('string', format)).toBe(true)
  })

  it('knows formats by type, as upstream does', () => {
    expect(isKnownFormat('string', 'int32')).toBe(false)
    expect(isKnownFormat('integer', 'int32')).toBe(true)
    expect(isKnownFormat('number', 'float')).toBe(true)
    expect(isKnownFormat('object', 'date')).toBe(false)
    expect(isKnownFormat(undefined, 'date')).toBe(true)
    expect(matchesFormat('nonsense', 'x')).toBe(true)
  })

  it('takes no longer for hostile texts', () => {
    for (const [format] of formats) matchesFormat(format, `${'a1.:-@/'.repeat(150_000)}!`)
  })
})

describe('patterns', () => {
  it('finds a match anywhere unless anchored', () => {
    expect(matchesPattern('b+', 'abc')).toBe(true)
    expect(matchesPattern('^b+$', 'abc')).toBe(false)
  })

  it('speaks RE2: classes of POSIX, flags, no lookahead', () => {
    expect(matchesPattern('^[[:alpha:]]+$', 'abc')).toBe(true)
    expect(matchesPattern('(?i)^ABC$', 'abc')).toBe(true)
    expect(matchesPattern('^\\pL+\\z', 'äö')).toBe(true)
    expect(patternProblem('a(?=b)')).toContain('invalid')
    expect(patternProblem('[a')).toContain('missing')
    expect(patternProblem('^[a-z]+$')).toBe(undefined)
    expect(matchesPattern('[a', 'a')).toBe(false)
  })

  it.each([
    '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
    '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$',
    '^(a+)+$',
    '^[a-z]+$',
    '(x+x+)+y',
  ])('%s takes linear time on a hostile text', (pattern) => {
    expect(matchesPattern(pattern, `${'a'.repeat(50_000)}!`)).toBe(false)
    expect(matchesPattern(pattern, `${'1'.repeat(50_000)}!`)).toBe(false)
    expect(matchesPattern(pattern, `${'x'.repeat(20_000)}!`)).toBe(false)
  })

  it('agrees with RE2 where it takes the short way', () => {
    const label = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'
    const cases = ['a', 'a-b', '-a', 'a-', '', 'A', 'a\n', 'a.b']
    expect(cases.map((text) => matchesPattern(label, text))).toEqual(
      cases.map((text) => matchesPattern(`(?:${label})`, text)),
    )
    expect(matchesPattern('^v[0-9]{1,2}-[a-z]{3}$', 'v12-abc')).toBe(true)
    expect(matchesPattern('^v[0-9]{1,2}-[a-z]{3}$', 'v123-abc')).toBe(false)
  })
})

describe('times as Go reads them', () => {
  it.each([
    ['x', 'as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"'],
    ['2020', 'as "2006-01-02T15:04:05Z07:00": cannot parse "" as "-"'],
    ['2020-1-01T00:00:00Z', 'as "2006-01-02T15:04:05Z07:00": cannot parse "1-01T00:00:00Z" as "01"'],
    ['2020-02-28t00:00:00Z', 'as "2006-01-02T15:04:05Z07:00": cannot parse "t00:00:00Z" as "T"'],
    ['2020-02-28T10:00:00', 'as "2006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00"'],
    ['2020-02-28T10:00:00.Z', 'as "2006-01-02T15:04:05Z07:00": cannot parse ".Z" as "Z07:00"'],
  ])('refuses %j', (text, expected) => {
    expect(() => parseGoTime(text)).toThrow(`parsing time "${text}" ${expected}`)
  })

  it.each([
    ['2020-13-01T00:00:00Z', 'month out of range'],
    ['2020-02-30T00:00:00Z', 'day out of range'],
    ['2020-02-28T25:00:00Z', 'hour out of range'],
    ['2020-02-28T10:00:60Z', 'second out of range'],
    ['2020-02-28T10:00:00+25:00', 'time zone offset hour out of range'],
    ['2020-02-28T10:00:00Zx', 'extra text: "x"'],
  ])('refuses %j: %s', (text, expected) => {
    expect(() => parseGoTime(text)).toThrow(`parsing time "${text}": ${expected}`)
  })

  it('wants six digits of a micro time', () => {
    expect(() => parseGoTime('2020-02-28T10:00:00Z', rfc3339MicroLayout)).toThrow('cannot parse "Z" as ".000000"')
  })

  it.each([
    ['2020-02-28T1:00:00Z', '2020-02-28T01:00:00Z', '2020-02-28T01:00:00.000000Z'],
    ['2020-02-28T10:00:00.123456789+02:00', '2020-02-28T08:00:00Z', '2020-02-28T08:00:00.123456Z'],
    ['2020-02-28T10:00:00,5Z', '2020-02-28T10:00:00Z', '2020-02-28T10:00:00.500000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000000Z'],
    ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59Z', '9999-12-31T23:59:59.000000Z'],
  ])('writes %j as %s', (text, time, micro) => {
    expect(formatTime(parseGoTime(text))).toBe(time)
    expect(formatMicroTime(parseGoTime(text))).toBe(micro)
  })
})

describe('formatGoFloat', () => {
  it.each([
    [1_234_567.5, '1.2345675e+06'],
    [1e20, '1e+20'],
    [1e6, '1e+06'],
    [123_456, '123456'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [-2.5, '-2.5'],
    [0, '0'],
  ])('prints %d as %s', (value, text) => {
    expect(formatGoFloat(value)).toBe(text)
  })
})
