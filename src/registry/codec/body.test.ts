import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ApiStatusError, isApiStatusError } from '../../meta/api-errors.ts'
import { type BodyParts, checkBodyType, decodeBody } from './body.ts'
import { encodeProtobuf } from './protobuf.ts'

const configMap = { group: '', version: 'v1', kind: 'ConfigMap' }
const widget = { group: 'example.com', version: 'v1', kind: 'Widget' }

const body = (
  text: string | Uint8Array,
  contentType = 'application/json',
  extra: Partial<BodyParts> = {},
): BodyParts => ({
  bytes: typeof text === 'string' ? Buffer.from(text) : text,
  contentType,
  defaultGvk: configMap,
  isCustomResource: false,
  ...extra,
})
const custom = { defaultGvk: widget, isCustomResource: true }

function failureOf(parts: BodyParts): ApiStatusError {
  try {
    decodeBody(parts)
  } catch (error) {
    if (isApiStatusError(error)) return error
    throw error
  }
  throw new Error('the body was accepted')
}

describe('formats', () => {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data: { a: 'b' } }
  const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  a: b\n'

  test.each<[string, BodyParts]>([
    ['JSON', body(JSON.stringify(object))],
    ['JSON without a Content-Type', body(JSON.stringify(object), '')],
    ['JSON with parameters', body(JSON.stringify(object), 'application/json; charset=utf-8')],
    ['YAML', body(yaml, 'application/yaml')],
    ['JSON sent as YAML', body(JSON.stringify(object), 'application/yaml')],
    ['protobuf', body(encodeProtobuf(object), 'application/vnd.kubernetes.protobuf')],
  ])('%s', (_, parts) => {
    expect(decodeBody(parts)).toEqual({ object, duplicateFields: [] })
  })

  test('what the body does not say, the URL says', () => {
    expect(decodeBody(body('{}')).object).toEqual({ apiVersion: 'v1', kind: 'ConfigMap' })
    expect(decodeBody(body('null')).object).toEqual({ apiVersion: 'v1', kind: 'ConfigMap' })
    expect(decodeBody(body('', 'application/yaml')).object).toEqual({ apiVersion: 'v1', kind: 'ConfigMap' })
    // What nobody has said cannot match: `checkBodyType` refuses it.
    for (const text of ['{"kind":"Widget"}', '{"apiVersion":"","kind":"Widget"}']) {
      expect(decodeBody(body(text, '', custom)).object).toEqual({ apiVersion: '', kind: 'Widget' })
    }
  })

  test('duplicate fields are told in JSON and YAML', () => {
    expect(decodeBody(body('{"data":{"a":"1","a":"2"}}')).duplicateFields).toEqual(['data.a'])
    expect(decodeBody(body('data:\n  a: 1\n  a: 2\n', 'application/yaml')).duplicateFields).toEqual(['data.a'])
  })

  test('custom resources are not taken in protobuf, options on their URLs are', () => {
    const options = { apiVersion: 'example.com/v1', kind: 'DeleteOptions', propagationPolicy: 'Orphan' }
    const type = 'application/vnd.kubernetes.protobuf'
    const gvk = { ...widget, kind: 'DeleteOptions' }
    const decoded = decodeBody(body(encodeProtobuf(options), type, { ...custom, defaultGvk: gvk }))
    expect(decoded.object).toEqual(options)
    const refused = failureOf(body(encodeProtobuf(options), type, custom))
    expect([refused.code, refused.message]).toEqual([
      415,
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    ])
  })
})

describe('what cannot be read', () => {
  const unrecognized = 'the object provided is unrecognized (must be of type ConfigMap): '
  const noType = "couldn't get version/kind; json parse error: "

  test.each<[BodyParts, number, string]>([
    [
      body('{}', 'application/cbor'),
      415,
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    ],
    [body('{}', 'nonsense'), 415, 'the body of the request was in an unknown format'],
    [body(''), 400, `${unrecognized}${noType}unexpected end of JSON input (<empty>)`],
    [
      body('kind: ConfigMap'),
      400,
      `${unrecognized}${noType}invalid character 'k' looking for beginning of value (6b696e643a20436f6e6669674d6170)`,
    ],
    [
      body(`{"kind":"ConfigMap","data":{"a":}}`),
      400,
      `${unrecognized}${noType}invalid character '}' looking for beginning of value ({"kind":"ConfigMap","data":{"a ...)`,
    ],
    [body('[]'), 400, `${unrecognized}${noType}json: cannot unmarshal array into Go value of type struct {`],
    [body('"x"'), 400, `json: cannot unmarshal string into Go value of type struct {`],
    [
      body('{"kind":1}'),
      400,
      `${unrecognized}${noType}json: cannot unmarshal number into Go struct field .kind of type string ({"kind":1})`,
    ],
    [body('{"apiVersion":"a/b/c"}'), 400, `${unrecognized}unexpected GroupVersion string: a/b/c`],
    [body('a: b: c', 'application/yaml'), 400, `${unrecognized}yaml: line 1: `],
    [body('{}', '', custom), 400, `(must be of type Widget): Object 'Kind' is missing in '{}' ({})`],
    [
      body('{}', 'application/vnd.kubernetes.protobuf'),
      400,
      `${unrecognized}provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] ({})`,
    ],
    [
      body(encodeProtobuf({ apiVersion: 'v1', kind: 'Pod' }).subarray(0, 40), 'application/vnd.kubernetes.protobuf'),
      400,
      'unexpected EOF',
    ],
    [
      body(
        Buffer.from('6b3873000a0f0a0276311209436f6e6669674d617012020a05', 'hex'),
        'application/vnd.kubernetes.protobuf',
      ),
      400,
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: unexpected EOF',
    ],
  ])('%#', (parts, code, message) => {
    const failure = failureOf(parts)
    expect(failure.code).toBe(code)
    expect(failure.message).toContain(message)
  })

  test('any bytes of any type are an object or a 400 or 415', () => {
    const type = fc.constantFrom('', 'application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf', 'x')
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"a"',
      ':',
      ',',
      '- ',
      'a: ',
      '\n',
      ' ',
      '&a ',
      '*a',
      '1',
      'null',
      '\t',
      '|',
      '!!int ',
    )
    const text = fc.array(piece, { maxLength: 30 }).map((pieces) => new Uint8Array(Buffer.from(pieces.join(''))))
    fc.assert(
      fc.property(fc.oneof(text, fc.uint8Array()), type, fc.boolean(), (bytes, contentType, isCustomResource) => {
        try {
          const { object } = decodeBody({ bytes, contentType, defaultGvk: configMap, isCustomResource })
          expect(typeof object['kind']).toBe('string')
        } catch (error) {
          expect(isApiStatusError(error) && [400, 415].includes(error.code)).toBe(true)
        }
      }),
      { numRuns: 3_000 },
    )
  })
})

test('a body of another version or kind is refused', () => {
  expect(() => checkBodyType({ apiVersion: 'v1', kind: 'ConfigMap' }, configMap)).not.toThrow()
  expect(() => checkBodyType({ apiVersion: '', kind: 'Widget' }, widget)).toThrow(
    'the API version in the data () does not match the expected API version (example.com/v1)',
  )
  expect(() => checkBodyType({ apiVersion: 'v2', kind: 'ConfigMap' }, configMap)).toThrow(
    'the API version in the data (v2) does not match the expected API version (v1)',
  )
  expect(() => checkBodyType({ apiVersion: 'v1', kind: 'Pod' }, configMap)).toThrow(
    'Pod in version "v1" cannot be handled as a ConfigMap',
  )
})
