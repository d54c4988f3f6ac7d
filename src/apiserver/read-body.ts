import type { Readable } from 'node:stream'

export interface BodyReader {
  /** Bytes that a body may have. */
  readonly limit: number
  /** Called once, with all of it. */
  done(body: Uint8Array): void
  /** Called instead, as soon as it is known; what comes after it is passed over. */
  tooLong(): void
}

const noBody = new Uint8Array(0)

/** Reads the body of a request; `announced` is its Content-Length, when it has one. */
export function readBody(incoming: Readable, announced: string | undefined, reader: BodyReader): void {
  if (Number(announced) > reader.limit) {
    reader.tooLong()
    return
  }
  const chunks: Buffer[] = []
  let length = 0
  let refused = false
  incoming.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (refused) return
    if (length <= reader.limit) {
      chunks.push(chunk)
      return
    }
    refused = true
    chunks.length = 0
    reader.tooLong()
  })
  incoming.on('end', () => {
    if (refused) return
    const [only = noBody] = chunks
    reader.done(chunks.length > 1 ? Buffer.concat(chunks) : only)
  })
}
