import type { Clock } from '../../base/clock.ts'
import type { Backend } from '../../storage/backend.ts'

const furthestJump = 2 ** 31 // more than a hub writes between two backups
const jumpEveryMs = 60_000 // with the furthest jump it takes years until the revisions are used up
const headroom = 2 ** 20 // so that children that have seen a little more of the same lost history need no jump of their own

/**
 * Makes the store's next revision a later one than a child says that it has seen. What a child says may be a lie, said
 * again and again: the revisions belong to all, and must not be used up by one. Throws when the last jump was just now.
 */
export function createRevisionPasser(
  backend: Pick<Backend, 'confirmedRevision' | 'advanceRevision'>,
  clock: Clock,
): (revision: number) => Promise<void> {
  let lastMs = Number.NEGATIVE_INFINITY
  return async (revision) => {
    const current = await backend.confirmedRevision()
    if (revision < current) return
    const nowMs = clock.now()
    if (nowMs - lastMs < jumpEveryMs)
      throw new Error('a child cluster has seen later revisions, and the last jump over such ones was just now')
    lastMs = nowMs
    await backend.advanceRevision(Math.min(revision + 1 + headroom, current + furthestJump))
  }
}
