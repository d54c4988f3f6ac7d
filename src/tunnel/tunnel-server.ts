import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import { maxFrameBytes } from './frame.ts'
import { tunnelPath, tunnelProtocol } from './tunnel-client.ts'
import { createTunnelSession, type TunnelSession } from './tunnel-session.ts'
import type { TunnelHandler, TunnelIdentity } from './tunnel-types.ts'

export interface TunnelPeer {
  childClusterUid: string
  identity: TunnelIdentity
}

export interface TunnelServerOptions {
  /** By the client certificate of the connection; undefined: refused. */
  authenticate(request: IncomingMessage): Promise<TunnelPeer | undefined>
  /** Answers what agents ask; each request carries its agent's identity. */
  handle: TunnelHandler
  clock: Clock
  logger: Logger
}

export interface TunnelServer {
  /** Takes an upgrade of `tunnelPath`; false: it is somebody else's. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array): boolean
  /** The road to a child whose agent is connected. */
  transportTo(childClusterUid: string): TunnelHandler | undefined
  readonly connected: readonly string[]
  /** Ends the session of a child that is none of this hub's any more. */
  disconnect(childClusterUid: string): void
  close(): Promise<void>
}

const probeMs = 2_000

/**
 * The hub's end: one session for each child. While its agent answers, another one with the same credentials is turned
 * away, so that two of them do not throw each other out for ever; one that is dead makes room at once.
 */
export function createTunnelServer(options: TunnelServerOptions): TunnelServer {
  const { clock, logger, handle } = options
  const sessions = new Map<string, TunnelSession>()
  const acceptor = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: maxFrameBytes,
    handleProtocols: (protocols) => (protocols.has(tunnelProtocol) ? tunnelProtocol : false),
  })
  let closing = false

  function refuse(socket: Duplex, status: string): void {
    socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
  }
  function accept(peer: TunnelPeer, request: IncomingMessage, socket: Duplex, head: Uint8Array): void {
    acceptor.handleUpgrade(request, socket, Buffer.from(head), (webSocket) => {
      const { childClusterUid, identity } = peer
      sessions.get(childClusterUid)?.close()
      const session = createTunnelSession({ socket: webSocket, role: 'hub', handle, peer: identity, clock, logger })
      sessions.set(childClusterUid, session)
      logger.info('an agent has connected', { childClusterUid })
      void forget(childClusterUid, session)
    })
  }

  async function forget(childClusterUid: string, session: TunnelSession): Promise<void> {
    await session.closed
    if (sessions.get(childClusterUid) === session) sessions.delete(childClusterUid)
  }
  async function isServed(childClusterUid: string): Promise<boolean> {
    for (;;) {
      const current = sessions.get(childClusterUid)
      if (!current) return false
      if (await current.answers(probeMs)) return true
      if (sessions.get(childClusterUid) === current) return false
    }
  }
  async function admit(request: IncomingMessage, socket: Duplex, head: Uint8Array): Promise<void> {
    try {
      const peer = await options.authenticate(request)
      if (closing) return refuse(socket, '503 Service Unavailable')
      if (!peer) return refuse(socket, '401 Unauthorized')
      const { childClusterUid } = peer
      if (await isServed(childClusterUid)) {
        const { remoteAddress } = request.socket
        logger.warn('a second agent of a child cluster was turned away', { childClusterUid, remoteAddress })
        return refuse(socket, '409 Conflict')
      }
      if (closing) return refuse(socket, '503 Service Unavailable')
      accept(peer, request, socket, head)
    } catch (error) {
      logger.error('an agent could not be authenticated', { error })
      refuse(socket, '500 Internal Server Error')
    }
  }

  return {
    handleUpgrade(request, socket, head) {
      if (request.url?.split('?')[0] !== tunnelPath) return false
      const onError = () => socket.destroy()
      socket.on('error', onError)
      if (!request.headers['sec-websocket-protocol']?.includes(tunnelProtocol)) {
        refuse(socket, '400 Bad Request')
        return true
      }
      void admit(request, socket, head).finally(() => socket.off('error', onError))
      return true
    },
    transportTo: (uid) => sessions.get(uid)?.transport,
    get connected() {
      return [...sessions.keys()]
    },
    disconnect: (uid) => sessions.get(uid)?.close(),
    async close() {
      closing = true
      const open = [...sessions.values()]
      for (const session of open) session.close()
      await Promise.all(open.map(({ closed }) => closed))
      acceptor.close()
    },
  }
}
