/**
 * A one-reader queue from callbacks to `for await`. What is pushed before the end is delivered; a failure comes after
 * it. Leaving the loop early calls `onReturn` once, so that whoever fills the queue can stop.
 */
export interface AsyncQueue<T> extends AsyncIterable<T> {
  push(item: T): void
  end(): void
  fail(error: unknown): void
  /** Items waiting for the reader. */
  readonly size: number
}

export function createAsyncQueue<T>(onReturn: () => void = () => {}): AsyncQueue<T> {
  let items: T[] = []
  let head = 0
  let finished: { error?: unknown } | undefined
  let wake: (() => void) | undefined
  let returned = false

  const signalReader = () => {
    const resume = wake
    wake = undefined
    resume?.()
  }
  const finish = () => {
    if (returned) return
    returned = true
    onReturn()
  }
  const takeNext = (): T => {
    const item = items[head] as T
    head += 1
    if (head > 1_024 && head * 2 > items.length) {
      items = items.slice(head)
      head = 0
    }
    return item
  }

  return {
    get size() {
      return items.length - head
    },
    push(item) {
      if (finished || returned) return
      items.push(item)
      signalReader()
    },
    end() {
      finished ??= {}
      signalReader()
    },
    fail(error) {
      finished ??= { error }
      signalReader()
    },
    async *[Symbol.asyncIterator]() {
      try {
        for (;;) {
          while (head < items.length) yield takeNext()
          if (finished) {
            if ('error' in finished) throw finished.error
            return
          }
          await new Promise<void>((resolve) => (wake = resolve))
        }
      } finally {
        finish()
      }
    },
  }
}
