import { describe, expect, test } from 'vitest'
import {
  checkConfigMapKey,
  checkDns1035Label,
  checkDns1123Label,
  checkDns1123Subdomain,
  checkEnvVarName,
  checkLabelValue,
  checkPathSegmentName,
  checkPercent,
  checkPortName,
  checkPortNumber,
  checkQualifiedName,
  checkRelaxedEnvVarName,
  checkWildcardDns1123Subdomain,
  nameIsDns1035Label,
  nameIsDnsLabel,
  nameIsDnsSubdomain,
  nameIsPathSegment,
} from './names.ts'

const labelText =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const subdomainText =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const dns1035Text =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
const namePartText =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const labelValueText =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

describe('names answer in the words of apimachinery', () => {
  test.each<[(value: string) => readonly string[], string, readonly string[]]>([
    [checkDns1123Label, 'a-1', []],
    [checkDns1123Label, '1', []],
    [checkDns1123Label, '', [labelText]],
    [checkDns1123Label, 'A', [labelText]],
    [checkDns1123Label, '-a', [labelText]],
    [checkDns1123Label, 'a\n', [labelText]],
    [checkDns1123Label, 'a.b', ['must not contain dots']],
    [checkDns1123Label, 'a'.repeat(63), []],
    [checkDns1123Label, 'a'.repeat(64), ['must be no more than 63 characters']],
    [checkDns1123Label, 'a.'.repeat(40), ['must be no more than 63 characters', labelText]],
    [checkDns1123Label, 'é'.repeat(32), ['must be no more than 63 characters', labelText]],
    [checkDns1123Subdomain, 'a.b-c.1', []],
    [checkDns1123Subdomain, 'a..b', [subdomainText]],
    [checkDns1123Subdomain, 'a_b', [subdomainText]],
    [checkDns1123Subdomain, 'a'.repeat(254), ['must be no more than 253 characters']],
    [checkWildcardDns1123Subdomain, '*.example.com', []],
    [checkDns1035Label, 'a1', []],
    [checkDns1035Label, '1a', [dns1035Text]],
    [checkQualifiedName, 'example.com/My_Name.1', []],
    [checkQualifiedName, 'a', []],
    [checkQualifiedName, '', ['name part must be non-empty', namePartText]],
    [checkQualifiedName, '/a', ['prefix part must be non-empty']],
    [checkQualifiedName, 'A/a', [`prefix part ${subdomainText}`]],
    [checkQualifiedName, 'a'.repeat(64), ['name part must be no more than 63 bytes']],
    [checkQualifiedName, 'a/b/c', [expect.stringContaining('a valid label key must consist of')]],
    [checkLabelValue, '', []],
    [checkLabelValue, 'A.b_c-1', []],
    [checkLabelValue, 'a b', [labelValueText]],
    [checkLabelValue, 'a'.repeat(64), ['must be no more than 63 bytes']],
    [checkEnvVarName, 'MY_ENV.NAME', []],
    [checkEnvVarName, '..', ["must not be '..'"]],
    [checkRelaxedEnvVarName, '1 {}', []],
    [checkRelaxedEnvVarName, '', ['environment variable name must be non-empty']],
    [checkConfigMapKey, 'a.txt', []],
    [checkConfigMapKey, '.', ["must not be '.'"]],
    [checkConfigMapKey, '..a', ["must not start with '..'"]],
    [checkPortName, 'http', []],
    [
      checkPortName,
      '-8080--',
      [
        'must contain at least one letter (a-z)',
        'must not contain consecutive hyphens',
        'must not begin or end with a hyphen',
      ],
    ],
    [checkPortName, 'sixteen-letters-', ['must be no more than 15 characters', 'must not begin or end with a hyphen']],
    [checkPathSegmentName, 'system:node', []],
    [checkPathSegmentName, '..', ["may not be '..'"]],
    [checkPathSegmentName, 'a/b%', ["may not contain '/'", "may not contain '%'"]],
    [checkPercent, '50%', []],
  ])('%o says of %j: %j', (check, value, messages) => {
    expect(check(value)).toEqual(messages)
  })

  test('a port is between 1 and 65535', () => {
    expect(checkPortNumber(65_535)).toEqual([])
    expect(checkPortNumber(0)).toEqual(['must be between 1 and 65535, inclusive'])
  })

  test('a generateName may end in a dash, a name may not', () => {
    for (const check of [nameIsDnsSubdomain, nameIsDnsLabel, nameIsDns1035Label]) {
      expect(check('web-', true)).toEqual([])
      expect(check('web-', false)).toHaveLength(1)
    }
    expect(nameIsPathSegment('..', true)).toEqual([])
    expect(nameIsPathSegment('..', false)).toHaveLength(1)
  })

  test('megabytes of almost valid characters are refused without trouble', () => {
    expect(checkDns1123Subdomain(`${'a-.'.repeat(1_000_000)}!`)).toHaveLength(2)
    expect(checkQualifiedName('a'.repeat(3_000_000))).toEqual(['name part must be no more than 63 bytes'])
  })
})
