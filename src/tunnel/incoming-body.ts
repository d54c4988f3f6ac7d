import { FrameError } from './frame.ts'
import { windowBytes } from './outgoing-body.ts'
import type { TunnelSink, TunnelStream } from './tunnel-types.ts'

const grantBytes = windowBytes / 4 // smaller grants would cost a frame for every chunk

export interface IncomingBody {
  readonly body: TunnelStream
  push(chunk: Uint8Array): void
  /** The response is complete, or was cut off: to the reader both are an end. */
  end(): void
}

/** The reading end of a response: hands bytes on and tells the writer how much was taken. */
export function createIncomingBody(grant: (count: number) => void, cancel: () => void): IncomingBody {
  let sink: TunnelSink | undefined
  let waiting: Uint8Array[] = []
  let outstanding = 0 // bytes received and not yet granted back
  let taken = 0 // of these, what the reader has taken
  let ended = false
  let paused = false

  function take(chunk: Uint8Array): void {
    if (!sink || sink.closed) return
    if (!sink.write(chunk)) paused = true
    taken += chunk.byteLength
    if (!paused) giveBack()
  }
  function giveBack(): void {
    if (taken < grantBytes || ended) return
    grant(taken)
    outstanding -= taken
    taken = 0
  }
  function flush(): void {
    while (!paused && waiting.length > 0) take(waiting.shift() as Uint8Array)
    if (ended && waiting.length === 0) sink?.end()
  }
  return {
    body: {
      start(given) {
        sink = given
        given.onDrain(() => {
          paused = false
          giveBack()
          flush()
        })
        given.onClose(() => {
          waiting = []
          if (!ended) cancel()
        })
        flush()
      },
    },
    push(chunk) {
      outstanding += chunk.byteLength
      if (outstanding > windowBytes) throw new FrameError('the peer sends more than it was granted')
      waiting.push(chunk)
      if (sink) flush()
    },
    end() {
      ended = true
      if (sink) flush()
    },
  }
}
