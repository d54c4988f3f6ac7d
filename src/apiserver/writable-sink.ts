import { constants } from 'node:http2'
import type { Writable } from 'node:stream'
import type { ByteSink } from '../client/transport.ts'

/** A streamed answer on its way into a connection, of HTTP/2 or HTTP/1.1. */
export class WritableSink implements ByteSink {
  readonly #writable: Writable

  constructor(writable: Writable) {
    this.#writable = writable
  }

  write(chunk: Uint8Array, sent?: () => void): boolean {
    if (this.closed) return true
    if (!sent) return this.#writable.write(chunk)
    return this.#writable.write(chunk, (error) => {
      if (!error && !isReset(this.#writable)) sent()
    })
  }

  end(): void {
    if (!this.closed) this.#writable.end()
  }

  get bufferedBytes(): number {
    return this.#writable.writableLength
  }

  get closed(): boolean {
    return this.#writable.closed || this.#writable.destroyed || this.#writable.writableEnded
  }

  onDrain(listener: () => void): void {
    this.#writable.once('drain', listener)
  }

  onClose(listener: () => void): void {
    if (this.#writable.closed || this.#writable.destroyed) listener()
    else this.#writable.once('close', listener)
  }
}

/** Node calls it written when the peer has reset the stream, too: then pieces of it may still be on their way. */
function isReset(writable: Writable & { rstCode?: number }): boolean {
  return writable.rstCode !== undefined && writable.rstCode !== constants.NGHTTP2_NO_ERROR
}
