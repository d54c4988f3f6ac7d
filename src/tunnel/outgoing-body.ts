import { encodeFrame, frameTypes } from './frame.ts'
import type { TunnelSink } from './tunnel-types.ts'

/** What a stream may have under way before the reader has taken any of it. */
export const windowBytes = 256 * 1024
const chunkBytes = 64 * 1024 // so that streams share the connection fairly
const highWaterBytes = 64 * 1024 // beyond the window; from here on `write` says that the peer is slow

export interface OutgoingBody {
  readonly sink: TunnelSink
  /** The reader has taken so many bytes. */
  grant(count: number): void
  /** The reader is gone. */
  close(): void
}

/** The writing end of a response: sends as far as the window reaches and keeps the rest. */
export function createOutgoingBody(
  stream: number,
  send: (frame: Uint8Array) => void,
  onDone: () => void,
): OutgoingBody {
  let credit = windowBytes
  let queue: Uint8Array[] = []
  let queuedBytes = 0
  let ended = false
  let closed = false
  let slow = false
  let drainListener: (() => void) | undefined
  const closeListeners: (() => void)[] = []

  function finish(): void {
    if (closed) return
    closed = true
    queue = []
    onDone()
    for (const listener of closeListeners) listener()
  }
  function pump(): void {
    while (credit > 0 && queue.length > 0) {
      const chunk = queue[0] as Uint8Array
      const part = chunk.subarray(0, Math.min(chunk.byteLength, credit, chunkBytes))
      if (part.byteLength === chunk.byteLength) queue.shift()
      else queue[0] = chunk.subarray(part.byteLength)
      credit -= part.byteLength
      queuedBytes -= part.byteLength
      send(encodeFrame(frameTypes.data, stream, part))
    }
    if (ended && queue.length === 0) {
      send(encodeFrame(frameTypes.end, stream))
      finish()
    }
  }
  return {
    grant(count) {
      if (closed) return
      credit += count
      pump()
      if (!slow || queuedBytes >= highWaterBytes / 2) return
      slow = false
      drainListener?.()
    },
    close: finish,
    sink: {
      write(chunk) {
        if (closed || ended) return false
        if (chunk.byteLength > 0) {
          queue.push(chunk)
          queuedBytes += chunk.byteLength
          pump()
        }
        if (queuedBytes < highWaterBytes) return true
        slow = true
        return false
      },
      end() {
        if (closed || ended) return
        ended = true
        pump()
      },
      get bufferedBytes() {
        return queuedBytes
      },
      get closed() {
        return closed
      },
      onDrain: (listener) => void (drainListener = listener),
      onClose(listener) {
        if (closed) listener()
        else closeListeners.push(listener)
      },
    },
  }
}
