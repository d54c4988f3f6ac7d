import { createGzip } from 'node:zlib'
import type { ByteSink, StreamBody } from '../client/transport.ts'
import { createBufferPool } from './buffer-pool.ts'

/** A body that is made while it is sent. */
export interface SliceSource {
  /** Of the whole body. */
  readonly bytes: number
  /** Writes the next bytes into `target`. `own`: a piece too long for it, to be sent as it is. */
  fill(target: Buffer): { filled: number; more: boolean; own?: Uint8Array }
}

/** Longer bodies are written in slices, so that nobody else waits for more than a few milliseconds. */
export const wholeUpToBytes = 1024 * 1024
const sliceBytes = 256 * 1024 // about half a millisecond of copying and encrypting
const wholes = createBufferPool(wholeUpToBytes, 16)
const slices = createBufferPool(sliceBytes, 32)

/** What is short enough at once, else one slice a turn of the event loop, and none while the peer is slow. */
export function createSlicedBody(source: SliceSource, gzip: boolean): StreamBody {
  return {
    start(sink) {
      pump(source, gzip ? compressing(sink) : sink)
    },
  }
}

function pump(source: SliceSource, sink: ByteSink): void {
  const pool = source.bytes > sliceBytes && source.bytes <= wholeUpToBytes ? wholes : slices
  const step = (): void => {
    if (sink.closed) return
    const slice = pool.take()
    const { filled, more, own } = source.fill(slice)
    if (own) pool.giveBack(slice)
    const room = own ? sink.write(own) : sink.write(slice.subarray(0, filled), () => pool.giveBack(slice))
    if (!more) sink.end()
    else if (room) setImmediate(step)
    else sink.onDrain(() => void setImmediate(step))
  }
  step()
}

function compressing(sink: ByteSink): ByteSink {
  const gzip = createGzip({ level: 1 })
  gzip.on('data', (chunk: Uint8Array) => {
    if (!sink.write(chunk)) {
      gzip.pause()
      sink.onDrain(() => void gzip.resume())
    }
  })
  gzip.on('end', () => sink.end())
  sink.onClose(() => void gzip.destroy())
  return {
    write: (chunk) => gzip.write(chunk),
    end: () => void gzip.end(),
    get bufferedBytes() {
      return gzip.writableLength + sink.bufferedBytes
    },
    get closed() {
      return sink.closed
    },
    onDrain: (listener) => void gzip.once('drain', listener),
    onClose: (listener) => sink.onClose(listener),
  }
}
