import type { ApiServer } from '../../src/apiserver/api-server.ts'
import { type ByteSink, isStreamBody } from '../../src/client/transport.ts'
import type { KubeObject } from '../../src/meta/object.ts'
import { admin } from './api-server.ts'

export interface TestWatchEvent {
  readonly type: string
  readonly object: KubeObject
}

/** A watch in process whose reader decides how fast it reads. */
export interface TestWatch {
  /** Everything received so far. */
  readonly events: readonly TestWatchEvent[]
  /** Waits until so many events are there, in all. */
  received(count: number): Promise<readonly TestWatchEvent[]>
  readonly ended: Promise<void>
  close(): void
}

export interface TestWatchOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** Bytes that the peer has not taken: what a slow reader looks like. */
  readonly bufferedBytes?: () => number
}

export async function openWatch(
  server: Pick<ApiServer, 'transport'>,
  path: string,
  { headers = {}, bufferedBytes = () => 0 }: TestWatchOptions = {},
): Promise<TestWatch> {
  const response = await server.transport({
    method: 'GET',
    url: path,
    headers,
    body: new Uint8Array(0),
    signal: new AbortController().signal,
    identity: admin,
  })
  const { body } = response
  if (!isStreamBody(body)) throw new Error(`no watch: ${response.status} ${Buffer.from(body).toString()}`)
  const events: TestWatchEvent[] = []
  const waiting: { count: number; resolve: (events: readonly TestWatchEvent[]) => void }[] = []
  const closers: (() => void)[] = []
  let closed = false
  let markEnded: () => void = () => {}
  const ended = new Promise<void>((resolve) => (markEnded = resolve))
  const close = (): void => {
    if (closed) return
    closed = true
    markEnded()
    for (const closer of closers) closer()
  }
  const sink: ByteSink = {
    write(chunk) {
      const lines = Buffer.from(chunk).toString().split('\n')
      for (const line of lines) if (line !== '') events.push(JSON.parse(line) as TestWatchEvent)
      for (const { count, resolve } of waiting) if (events.length >= count) resolve(events)
      return bufferedBytes() === 0
    },
    end: close,
    get bufferedBytes() {
      return bufferedBytes()
    },
    get closed() {
      return closed
    },
    onDrain: () => {},
    onClose: (listener) => (closed ? listener() : void closers.push(listener)),
  }
  body.start(sink)
  return {
    events,
    received: (count) =>
      events.length >= count
        ? Promise.resolve(events)
        : new Promise((resolve) => void waiting.push({ count, resolve })),
    ended,
    close,
  }
}

/** `ADDED one@5`: what happened to what, short enough to compare. */
export function toShort({ type, object }: TestWatchEvent): string {
  return `${type} ${object.metadata?.name ?? object.kind ?? ''}`
}
