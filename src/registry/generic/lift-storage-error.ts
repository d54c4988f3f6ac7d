import { ApiStatusError, badRequest, expired, internalError, serviceUnavailable } from '../../meta/api-errors.ts'
import { isStorageError } from '../../storage/storage-error.ts'

/** What a client is told when the store could not do it. Errors that are no StorageError stay as they are. */
export function liftStorageError(error: unknown): unknown {
  if (!isStorageError(error) || error instanceof ApiStatusError) return error
  switch (error.code) {
    case 'compacted':
      return expired('The resourceVersion for the provided list is too old.')
    case 'future-revision':
      return serviceUnavailable('this server has not seen that resource version yet', error)
    case 'unavailable':
      return serviceUnavailable('the store cannot be read now: the disk or its file system failed', error)
    case 'read-only':
      return serviceUnavailable('the store takes no writes until the hub is restarted: a write to disk failed', error)
    case 'closed':
      return serviceUnavailable('the hub is shutting down', error)
    case 'corrupt':
      return internalError('the store is damaged: what was asked for cannot be read', error)
    case 'invalid-txn': // a name of thousands of characters, a hundred owners
      return badRequest(`the object cannot be stored: ${error.message}`)
    case 'locked':
      return internalError('the store refused the operation', error)
  }
}
