export type StorageErrorCode =
  /** The revision is older than what is kept. */
  | 'compacted'
  /** The revision does not exist yet. */
  | 'future-revision'
  /** Too many operations, a key twice, or a malformed key. */
  | 'invalid-txn'
  /** A write to disk failed; reads go on, writes need a restart. */
  | 'read-only'
  /** The store on disk does not pass its checks; nothing was started. */
  | 'corrupt'
  /** Another process has the directory open. */
  | 'locked'
  /** The directory cannot be used: not a directory, no permission, an input/output error. */
  | 'unavailable'
  | 'closed'

/** Lifted to API errors in one file, `registry/generic/lift-storage-error.ts`. */
export class StorageError extends Error {
  readonly code: StorageErrorCode

  constructor(code: StorageErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'StorageError'
    this.code = code
  }
}

export function isStorageError(error: unknown, code?: StorageErrorCode): error is StorageError {
  return error instanceof StorageError && (code === undefined || error.code === code)
}
