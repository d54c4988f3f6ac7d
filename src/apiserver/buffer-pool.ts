/** Buffers of one size that are used again: fresh memory costs more than what is written into it. */
export interface BufferPool {
  take(): Buffer
  /** Nobody reads the buffer any more. */
  giveBack(buffer: Buffer): void
}

/** Of the buffers that nobody needs now, `idle` stay. */
export function createBufferPool(bytes: number, idle: number): BufferPool {
  const free: Buffer[] = []
  return {
    take: () => free.pop() ?? Buffer.allocUnsafeSlow(bytes),
    giveBack(buffer) {
      if (free.length < idle) free.push(buffer)
    },
  }
}
