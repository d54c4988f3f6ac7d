import { describe, expect, it } from 'vitest'
import type { KubeObject } from '../../../../meta/object.ts'
import { secretKind } from './secret.ts'

function defaulted(fields: object): KubeObject {
  const secret: KubeObject = { metadata: { name: 's' }, ...fields }
  secretKind.strategy?.applyDefaults?.(secret, 'v1')
  return secret
}

describe('a Secret', () => {
  it('is Opaque and keeps plain text encoded, which wins over data', () => {
    const secret = defaulted({ data: { a: 'eA==', b: 'eA==' }, stringData: { a: 'ü' } })
    expect(secret).toEqual({ metadata: { name: 's' }, type: 'Opaque', data: { a: 'w7w=', b: 'eA==' } })
  })

  it('may have a key that is called __proto__', () => {
    const stringData = JSON.parse('{"__proto__":"x"}') as object
    const { data } = defaulted({ stringData }) as unknown as { data: object }
    expect(Object.keys(data)).toEqual(['__proto__'])
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype)
  })

  it('never shows a part of itself in an error', () => {
    const secret = defaulted({ type: 'kubernetes.io/dockerconfigjson', stringData: { '.dockerconfigjson': '{"pass"' } })
    const errors = secretKind.strategy?.validate?.(secret, {} as never) ?? []
    expect(errors).toHaveLength(1)
    expect(JSON.stringify(errors)).not.toContain('pass')
  })
})
