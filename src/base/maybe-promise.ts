/**
 * A result that is usually here already. Callers `await` it; a hot path may test with `isPromise` first and
 * stay synchronous, which is what lets a read beside an embedded store cost no promise at all.
 */
export type MaybePromise<T> = T | Promise<T>

export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return value instanceof Promise
}

/** `then` that stays synchronous when the value is here. */
export function chain<T, R>(value: MaybePromise<T>, next: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return isPromise(value) ? value.then(next) : next(value)
}
