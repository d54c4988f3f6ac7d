import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  escapeFieldValue,
  formatFieldRequirements,
  matchesFields,
  parseFieldSelector,
  requiredFieldValue,
} from './field-selector.ts'

const podFields = (phase: string) => (field: string) => (field === 'metadata.name' ? 'web' : phase)

describe('field selectors', () => {
  test.each([
    ['', ''],
    ['metadata.name=x', 'metadata.name=x'],
    ['b==2,a!=1,', 'a!=1,b=2'],
    [String.raw`a=x\,y\=z\\`, String.raw`a=x\,y\=z\\`],
    ['a=', 'a='],
    ['=', ''],
    ['a=b!', 'a=b!'],
  ])('%j reads as %j', (text, canonical) => {
    expect(formatFieldRequirements(parseFieldSelector(text))).toBe(canonical)
  })

  test.each([
    ['a', "invalid selector: 'a'; can't understand 'a'"],
    ['a=b,c', "invalid selector: 'a=b,c'; can't understand 'c'"],
    ['a=b=c', 'invalid field selector: unescaped character in value: 61'],
    [String.raw`a=b\c`, String.raw`invalid field selector: invalid escape sequence: \c`],
    ['a=b\\', 'invalid field selector: invalid escape sequence: \\'],
  ])('%j is refused: %s', (text, message) => {
    expect(() => parseFieldSelector(text)).toThrow(message)
  })

  test('all terms must hold', () => {
    const requirements = parseFieldSelector('metadata.name=web,status.phase!=Running')
    expect(matchesFields(requirements, podFields('Pending'))).toBe(true)
    expect(matchesFields(requirements, podFields('Running'))).toBe(false)
    expect(requiredFieldValue(requirements, 'metadata.name')).toBe('web')
    expect(requiredFieldValue(requirements, 'status.phase')).toBeUndefined()
  })

  test('any value survives escaping', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (value) => {
        const [requirement] = parseFieldSelector(`f=${escapeFieldValue(value)}`)
        expect(requirement).toEqual({ field: 'f', operator: '=', value })
      }),
    )
  })
})
