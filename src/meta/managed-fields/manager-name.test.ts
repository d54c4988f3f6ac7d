import { describe, expect, it } from 'vitest'
import { managerName, validateFieldManager } from './manager-name.ts'

describe('the name of a manager', () => {
  it('is what the request says, or the first word of its User-Agent', () => {
    expect(managerName('helm', 'kubectl/v1.32.4 (linux/amd64)')).toBe('helm')
    expect(managerName('', 'kubectl/v1.32.4 (linux/amd64)')).toBe('kubectl')
    expect(managerName(undefined, undefined)).toBe('')
    expect(managerName(undefined, 'bad\u0000\tname é/1')).toBe('badname é')
    expect(managerName(undefined, 'é'.repeat(100))).toBe('é'.repeat(64))
  })

  it('is refused when it is too long or cannot be printed', () => {
    expect(validateFieldManager('kubectl-client-side-apply')).toEqual([])
    expect(validateFieldManager('x'.repeat(129)).map(({ message }) => message)).toEqual([
      'Too long: may not be more than 128 bytes',
    ])
    expect(validateFieldManager('é\t').map(({ message }) => message)).toEqual([
      'Invalid value: "é\\t": invalid character U+0009 (at position 2)',
    ])
  })
})
