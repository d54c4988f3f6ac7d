import { maxKeyBytes, maxTxnOperations, type Key, type TxnRequest } from './backend.ts'
import { StorageError } from './storage-error.ts'

/** Throws `invalid-txn` for what the contract of `Backend.txn` refuses; shared by the drivers. */
export function validateTxn({ guards = [], puts = [], deletes = [] }: TxnRequest): void {
  const operations = guards.length + puts.length + deletes.length
  if (operations > maxTxnOperations)
    throw new StorageError('invalid-txn', `a transaction of ${operations} operations, at most ${maxTxnOperations}`)
  for (const guard of guards) {
    checkKey(guard.key)
    if (!Number.isSafeInteger(guard.revision) || guard.revision < 0)
      throw new StorageError('invalid-txn', `guard revision ${guard.revision}`)
  }
  for (const put of puts) checkKey(put.key)
  for (const key of deletes) checkKey(key)
  if (puts.length + deletes.length > 1) checkUnique(puts, deletes)
}

function checkUnique(puts: NonNullable<TxnRequest['puts']>, deletes: readonly Key[]): void {
  const seen = new Set<Key>(deletes)
  for (const { key } of puts) seen.add(key)
  if (seen.size !== puts.length + deletes.length)
    throw new StorageError('invalid-txn', 'a key occurs twice among the puts and deletes of a transaction')
}

const wellFormed = /^[\x20-\x7e]+$/

function checkKey(key: Key): void {
  if (key.length > maxKeyBytes || !wellFormed.test(key))
    throw new StorageError(
      'invalid-txn',
      `malformed key ${JSON.stringify(key.slice(0, 100))} (${key.length} characters)`,
    )
}
