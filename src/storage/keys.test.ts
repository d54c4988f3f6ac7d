import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { collectionPrefix, identityKey, nameOfKey, objectKey, ownerKey, parseObjectKey, prefixEnd } from './keys.ts'

const address = { logicalCluster: 'root', group: 'rbac.authorization.k8s.io', resource: 'roles', namespace: 'default' }

describe('the key of an object', () => {
  it('is parsed back, whatever the name', () => {
    const name = fc.string({ minLength: 1, unit: 'binary' }).filter((name) => !/[\ud800-\udfff]/u.test(name))
    fc.assert(
      fc.property(name, (name) => {
        const key = objectKey({ ...address, name })
        expect(key).toMatch(/^[\x21-\x7e]+$/)
        expect(parseObjectKey(key)).toEqual({ ...address, name })
        expect(nameOfKey(key)).toBe(name)
        expect(nameOfKey(identityKey('core:pods', { ...address, name }))).toBe(name)
        expect(nameOfKey(ownerKey('uid', { ...address, name }))).toBe(name)
      }),
    )
  })

  it('stays in its collection, also for a name that holds a slash', () => {
    const key = objectKey({ ...address, name: '../other/x' })
    const prefix = collectionPrefix(address)
    expect(key.slice(prefix.length)).not.toContain('/')
    expect(key >= prefix && key < prefixEnd(prefix)).toBe(true)
  })

  it('leaves ordinary names as they are', () => {
    expect(objectKey({ ...address, name: 'system:controller:job.v1' })).toBe(
      'o/root/rbac.authorization.k8s.io/roles/default/system:controller:job.v1',
    )
    expect(objectKey({ ...address, namespace: '', name: 'x' })).toBe('o/root/rbac.authorization.k8s.io/roles//x')
  })

  it('is told from other families', () => {
    for (const key of [
      '',
      'o/',
      'o/root',
      'o/root/core/pods',
      'o/root/core/pods/ns/',
      'i/core:pods/root/default/x',
      'l/root',
    ])
      expect(parseObjectKey(key)).toBeUndefined()
  })
})
