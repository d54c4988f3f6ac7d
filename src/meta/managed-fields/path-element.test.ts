import { describe, expect, it } from 'vitest'
import { compareElements, encodeGoJson, formatPath, keyElement, valueElement } from './path-element.ts'

describe('a path element', () => {
  it('has keys in order and strings as Go writes them', () => {
    expect(
      keyElement([
        ['protocol', 'TCP'],
        ['port', 80],
      ]),
    ).toBe('k:{"port":80,"protocol":"TCP"}')
    expect(keyElement([['name', 'a"<&>\\']])).toBe('k:{"name":"a\\"\\u003c\\u0026\\u003e\\\\"}')
    expect(valueElement('\b\f\n\u2028')).toBe('v:"\\u0008\\u000c\\n\\u2028"')
    expect(valueElement(12345678901234567890n)).toBe('v:12345678901234567890')
    expect(valueElement(true)).toBe('v:true')
  })

  it('sorts fields before keys before values before indexes, and numbers by size', () => {
    const sorted = [
      'f:a',
      'f:ab',
      'f:b',
      'k:{"name":"a"}',
      'k:{"name":"a!"}',
      'k:{"name":"a1"}',
      'k:{"name":"a10"}',
      'k:{"name":"a9"}',
      'k:{"name":"b"}',
      'k:{"port":80}',
      'k:{"port":80,"protocol":"TCP"}',
      'k:{"port":443,"protocol":"TCP"}',
      'k:{"port":8080,"protocol":"TCP"}',
      'k:{"port":8080,"protocol":"UDP"}',
      'k:{"port":"80"}',
      'v:9',
      'v:10',
      'v:"9"',
      'v:false',
      'v:true',
      'v:null',
      'i:9',
      'i:10',
    ]
    for (const [left, first] of sorted.entries()) {
      for (const [right, second] of sorted.entries()) {
        expect(Math.sign(compareElements(first, second)), `${first} and ${second}`).toBe(Math.sign(left - right))
      }
    }
  })

  it('reads in error texts as upstream has it', () => {
    const path = ['f:spec', 'k:{"port":80,"protocol":"TCP"}', 'v:"x\\u003c"', 'i:3']
    expect(formatPath(path)).toBe('.spec[port=80,protocol="TCP"][="x<"][3]')
  })

  it('encodes JSON with sorted members', () => {
    expect(encodeGoJson({ b: [1, null, { y: '<', x: 2.5 }], a: true, c: undefined })).toBe(
      '{"a":true,"b":[1,null,{"x":2.5,"y":"\\u003c"}]}',
    )
  })
})
