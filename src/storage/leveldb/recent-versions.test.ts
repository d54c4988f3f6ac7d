import { describe, expect, it } from 'vitest'
import { encodeVersion, type Version } from './layout.ts'
import { RecentVersions } from './recent-versions.ts'

const version = (key: string, revision: number, bytes = 1_000): Version =>
  encodeVersion(key, Buffer.alloc(bytes, 'x'), revision, revision)

describe('recently written versions', () => {
  it('answers with what was written last under a key', () => {
    const recent = new RecentVersions(1_000_000, 0)
    recent.set('a', version('a', 1), 1)
    recent.set('a', version('a', 2), 2)
    expect(recent.get('a')?.revision).toBe(2)
    expect(recent.get('b')).toBeUndefined()
  })

  it('knows nothing of a key that was deleted, and again of one that came back', () => {
    const recent = new RecentVersions(1_000_000, 0)
    recent.set('a', version('a', 1), 1)
    recent.set('a', undefined, 2)
    expect(recent.get('a')).toBeUndefined()
    recent.set('a', version('a', 3), 3)
    expect(recent.get('a')?.revision).toBe(3)
  })

  it('forgets what was written first once more was written than the budget holds', () => {
    const recent = new RecentVersions(10_000, 0)
    recent.set('first', version('first', 1), 1)
    for (let revision = 2; revision <= 4_000; revision++) recent.set('busy', version('busy', revision), revision)
    expect(recent.get('first')).toBeUndefined()
    expect(recent.get('busy')?.revision).toBe(4_000)
  })

  it('does not keep a version larger than the budget', () => {
    const recent = new RecentVersions(10_000, 0)
    recent.set('large', version('large', 1, 20_000), 1)
    expect(recent.get('large')).toBeUndefined()
  })

  it('can tell that a key has not been written since a revision, as long as it has forgotten nothing from then on', () => {
    const recent = new RecentVersions(10_000, 5)
    recent.set('put', version('put', 6, 10), 6)
    recent.set('deleted', undefined, 7)
    expect(recent.isUnwrittenSince(4, 'other')).toBe(false)
    expect(recent.isUnwrittenSince(5, 'other')).toBe(true)
    expect(['put', 'deleted'].map((key) => recent.isUnwrittenSince(5, key))).toEqual([false, false])
    expect(['put', 'deleted'].map((key) => recent.isUnwrittenSince(6, key))).toEqual([true, false])
    expect(['put', 'deleted'].map((key) => recent.isUnwrittenSince(7, key))).toEqual([true, true])
    for (let revision = 8; revision <= 100; revision++) recent.set('busy', version('busy', revision), revision)
    expect(recent.isUnwrittenSince(7, 'deleted')).toBe(false)
    expect(recent.isUnwrittenSince(100, 'deleted')).toBe(true)
  })

  it('forgets deletions like everything else', () => {
    const recent = new RecentVersions(10_000, 0)
    for (let revision = 1; revision <= 4_000; revision++) recent.set(`gone-${revision}`, undefined, revision)
    expect(recent.isUnwrittenSince(3_000, 'gone-1')).toBe(false)
    expect(recent.isUnwrittenSince(3_999, 'gone-4000')).toBe(false)
    expect(recent.isUnwrittenSince(3_999, 'gone-1')).toBe(true)
  })
})
