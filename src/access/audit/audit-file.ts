import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import type { Logger } from '../../base/logger.ts'

/** Lines that are appended to a file; what the disk cannot take in time is dropped and counted, requests never wait. */
export interface AuditFile {
  write(line: string): void
  readonly dropped: number
  /** Waits for what was accepted. */
  close(): Promise<void>
}

const maxQueuedBytes = 16 * 1024 * 1024 // half a minute of 1,000 requests a second

/** Opens the file for appending, readable by its owner only; rejects when it cannot be opened. */
export async function openAuditFile(path: string, logger: Logger): Promise<AuditFile> {
  const stream = createWriteStream(path, { flags: 'a', mode: 0o600 })
  await once(stream, 'open')
  let dropped = 0
  let failed = false
  stream.on('error', (cause) => {
    failed = true
    logger.error('the audit log cannot be written', { path, cause })
  })
  const drop = (): void => {
    if (dropped++ === 0) logger.error('audit events are being dropped', { path })
  }
  return {
    write(line) {
      if (failed || stream.writableLength > maxQueuedBytes) drop()
      else stream.write(`${line}\n`)
    },
    get dropped() {
      return dropped
    },
    async close() {
      if (failed) return
      stream.end()
      await finished(stream)
    },
  }
}
