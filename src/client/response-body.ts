import { type ByteSink, type ResponseBody, isStreamBody } from './transport.ts'

/** Gathers a response body; a stream is read to its end. */
export function collectBody(body: ResponseBody): Promise<Uint8Array> {
  if (!isStreamBody(body)) return Promise.resolve(body)
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = []
    body.start(createSink({ onChunk: (chunk) => chunks.push(chunk), onEnd: () => resolve(concatBytes(chunks)) }).sink)
  })
}

export function concatBytes(chunks: readonly Uint8Array[]): Uint8Array {
  const [only] = chunks
  if (chunks.length === 1 && only) return only
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0))
  let offset = 0
  for (const chunk of chunks) {
    whole.set(chunk, offset)
    offset += chunk.byteLength
  }
  return whole
}

export interface SinkHandlers {
  onChunk(chunk: Uint8Array): void
  /** Called once: the writer ended the stream, or `close` was called. */
  onEnd(): void
}

/** A sink in memory whose reader keeps up; `close` is the reader going away. */
export function createSink({ onChunk, onEnd }: SinkHandlers): { sink: ByteSink; close(): void } {
  let closed = false
  const closeListeners: (() => void)[] = []
  const close = () => {
    if (closed) return
    closed = true
    for (const listener of closeListeners) listener()
    onEnd()
  }
  const sink: ByteSink = {
    bufferedBytes: 0,
    get closed() {
      return closed
    },
    write(chunk) {
      if (!closed) onChunk(chunk)
      return !closed
    },
    end: close,
    onDrain: () => {},
    onClose(listener) {
      if (closed) listener()
      else closeListeners.push(listener)
    },
  }
  return { sink, close }
}
