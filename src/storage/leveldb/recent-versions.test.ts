import { describe, expect, it } from 'vitest'
import { encodeVersion, type Version } from './layout.ts'
import { RecentVersions } from './recent-versions.ts'

const version = (key: string, revision: number, bytes = 1_000): Version =>
  encodeVersion(key, Buffer.alloc(bytes, 'x'), revision, revision)

describe('recently written versions', () => {
  it('answers with what was written last under a key', () => {
    const recent = new RecentVersions(1_000_000)
    recent.set('a', version('a', 1))
    recent.set('a', version('a', 2))
    expect(recent.get('a')?.revision).toBe(2)
    expect(recent.get('b')).toBeUndefined()
  })

  it('knows nothing of a key that was deleted, and again of one that came back', () => {
    const recent = new RecentVersions(1_000_000)
    recent.set('a', version('a', 1))
    recent.set('a', undefined)
    expect(recent.get('a')).toBeUndefined()
    recent.set('a', version('a', 3))
    expect(recent.get('a')?.revision).toBe(3)
  })

  it('forgets what was written first once more was written than the budget holds', () => {
    const recent = new RecentVersions(10_000)
    recent.set('first', version('first', 1))
    for (let revision = 2; revision <= 4_000; revision++) recent.set('busy', version('busy', revision))
    expect(recent.get('first')).toBeUndefined()
    expect(recent.get('busy')?.revision).toBe(4_000)
  })

  it('does not keep a version larger than the budget', () => {
    const recent = new RecentVersions(10_000)
    recent.set('large', version('large', 1, 20_000))
    expect(recent.get('large')).toBeUndefined()
  })
})
