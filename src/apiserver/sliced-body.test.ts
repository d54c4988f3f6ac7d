import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { collectBody } from '../client/response-body.ts'
import type { ByteSink } from '../client/transport.ts'
import { createSlicedBody, type SliceSource } from './sliced-body.ts'

function sourceOf(bytes: Buffer): SliceSource {
  let at = 0
  return {
    bytes: bytes.length,
    fill(target) {
      const filled = bytes.copy(target, 0, at)
      at += filled
      return { filled, more: at < bytes.length }
    },
  }
}

const long = Buffer.alloc(1_500_000, 'abcdefghij')

describe('a body in slices', () => {
  test('arrives whole', async () => {
    expect(Buffer.from(await collectBody(createSlicedBody(sourceOf(long), false))).equals(long)).toBe(true)
  })

  test('arrives whole when it is compressed', async () => {
    const compressed = await collectBody(createSlicedBody(sourceOf(long), true))
    expect(compressed.length).toBeLessThan(long.length / 10)
    expect(gunzipSync(compressed).equals(long)).toBe(true)
  })

  test('is written into the same memory again when that has been sent, and never before', async () => {
    const received: { chunk: Uint8Array; sent: (() => void) | undefined }[] = []
    const sink: ByteSink = {
      write: (chunk, sent) => received.push({ chunk, sent }) > 0,
      end: () => {},
      bufferedBytes: 0,
      closed: false,
      onDrain: () => {},
      onClose: () => {},
    }
    const send = (text: string) => createSlicedBody(sourceOf(Buffer.alloc(100_000, text)), false).start(sink)
    const said = () => received.map(({ chunk }) => Buffer.from(chunk.subarray(0, 1)).toString())
    send('a')
    send('b')
    expect(said()).toEqual(['a', 'b'])
    received[0]?.sent?.()
    send('c')
    expect(said()).toEqual(['c', 'b', 'c'])
    send('d')
    expect(said()).toEqual(['c', 'b', 'c', 'd'])
    expect(await collectBody(createSlicedBody(sourceOf(long), false))).toHaveLength(long.length)
  })

  test('waits for a peer that is slow, and stops for one that is gone', async () => {
    const received: Uint8Array[] = []
    let drain: () => void = () => {}
    let closed = false
    const sink: ByteSink = {
      write(chunk) {
        received.push(chunk)
        return false
      },
      end: () => {},
      bufferedBytes: 0,
      get closed() {
        return closed
      },
      onDrain: (listener) => (drain = listener),
      onClose: () => {},
    }
    const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
    createSlicedBody(sourceOf(long), false).start(sink)
    await turn()
    await turn()
    expect(received).toHaveLength(1)
    drain()
    await turn()
    expect(received).toHaveLength(2)
    closed = true
    drain()
    await turn()
    expect(received).toHaveLength(2)
  })
})
