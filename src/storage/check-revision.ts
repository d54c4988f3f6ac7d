import { StorageError } from './storage-error.ts'

/** Throws unless a read at `revision` is possible: behind what is compacted, not above the newest. */
export function checkReadable(revision: number, reach: { compacted: number; newest: number }): void {
  if (!(revision > reach.compacted)) throw compacted(revision, reach.compacted)
  if (revision > reach.newest) throw futureRevision(revision, reach.newest)
}

/** Throws unless the history after `after` is whole. */
export function checkReplayable(after: number, reach: { compacted: number; newest: number }): void {
  if (!(after >= reach.compacted)) throw compacted(after, reach.compacted)
  if (after > reach.newest) throw futureRevision(after, reach.newest)
}

export function compacted(revision: number, compactedRevision: number): StorageError {
  return new StorageError('compacted', `revision ${revision} has been compacted, up to ${compactedRevision} is gone`)
}

export function futureRevision(revision: number, newest: number): StorageError {
  return new StorageError('future-revision', `revision ${revision} does not exist yet, the newest is ${newest}`)
}
