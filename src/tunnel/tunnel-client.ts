import { WebSocket } from 'ws'
import { createBackoff } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import { sleep } from '../base/sleep.ts'
import { maxFrameBytes } from './frame.ts'
import { createTunnelSession, type TunnelSession } from './tunnel-session.ts'
import { TunnelClosedError, type TunnelHandler } from './tunnel-types.ts'

/** Where the hub listens for agents. */
export const tunnelPath = '/tunnel'
export const tunnelProtocol = 'tunnel.fleet.atoll.dev.v1'

export interface TunnelClientOptions {
  /** `https://hub:6443` */
  hubUrl: string
  caPem?: string
  /** Asked for every connection, so that a rotated certificate is picked up. */
  credentials(): { certPem: string; keyPem: string }
  /** Answers what the hub asks of the child. */
  handle?: TunnelHandler
  clock: Clock
  logger: Logger
}

export interface TunnelClient {
  /** Rejects at once while there is no connection. */
  readonly transport: TunnelHandler
  readonly connected: boolean
  /** At the last try the hub had another agent with the same credentials, which served this child. */
  readonly superseded: boolean
  start(): void
  /** Ends the connection; the next one is made at once. With new credentials, for instance. */
  reconnect(): void
  close(): Promise<void>
}

const openTimeoutMs = 10_000
const steadyMs = 10_000 // a connection that lasted this long was a success: the next failure begins the backoff anew

/** Keeps one connection to the hub: dials out, and again with backoff (0.2 s to 30 s) whenever it is lost. */
export function createTunnelClient(options: TunnelClientOptions): TunnelClient {
  const { clock, logger, handle } = options
  const backoff = createBackoff({ firstMs: 200, maxMs: 30_000 })
  const abort = new AbortController()
  let session: TunnelSession | undefined
  let superseded = false
  let running: Promise<void> = Promise.resolve()

  function dial(): Promise<WebSocket> {
    const { certPem, keyPem } = options.credentials()
    const url = options.hubUrl.replace(/^http/, 'ws').replace(/\/$/, '') + tunnelPath
    const socket = new WebSocket(url, tunnelProtocol, {
      perMessageDeflate: false,
      maxPayload: maxFrameBytes,
      handshakeTimeout: openTimeoutMs,
      followRedirects: false,
      cert: certPem,
      key: keyPem,
      ...(options.caPem === undefined ? {} : { ca: options.caPem }),
    })
    return new Promise((resolve, reject) => {
      const stop = () => socket.terminate()
      abort.signal.addEventListener('abort', stop, { once: true })
      socket.once('open', () => {
        abort.signal.removeEventListener('abort', stop)
        socket.off('error', reject)
        resolve(socket)
      })
      socket.once('error', reject)
    })
  }

  async function run(): Promise<void> {
    let failures = 0
    let said = '' // once for each kind of trouble
    while (!abort.signal.aborted) {
      let openedMs = Number.POSITIVE_INFINITY
      try {
        const socket = await dial()
        openedMs = clock.now()
        superseded = false
        said = ''
        session = createTunnelSession({ socket, role: 'agent', ...(handle ? { handle } : {}), clock, logger })
        logger.info('connected to the hub')
        await session.closed
        logger.info('the connection to the hub has ended')
      } catch (error) {
        const why = (error as Error).message
        if (why.endsWith(': 409')) superseded = true
        if (why !== said) logger.warn('the hub cannot be reached', { hub: options.hubUrl, reason: explain(why) })
        said = why
      }
      session = undefined
      failures = clock.now() - openedMs > steadyMs ? 0 : failures + 1
      await sleep(backoff.delayMs(Math.max(0, failures - 1)), abort.signal, clock)
    }
  }

  return {
    get connected() {
      return session !== undefined
    },
    get superseded() {
      return superseded
    },
    transport: (request) =>
      session ? session.transport(request) : Promise.reject(new TunnelClosedError('there is no connection to the hub')),
    start() {
      running = run()
    },
    reconnect: () => session?.close(),
    async close() {
      abort.abort()
      session?.close()
      await running
    },
  }
}

function explain(message: string): string {
  if (message.endsWith(': 409'))
    return 'another agent with the same credentials serves this child cluster; this one stands by'
  return message.endsWith(': 401')
    ? 'it does not know this agent: its certificate has expired, or its child cluster was unjoined or forgotten'
    : message
}
