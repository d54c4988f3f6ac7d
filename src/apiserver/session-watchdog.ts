import type { ServerHttp2Session } from 'node:http2'

/** Finds sessions of HTTP/2 that `nghttp2` has given up. */
export interface SessionWatchdog {
  add(session: ServerHttp2Session): void
  /** To be called every few seconds. */
  sweep(): void
}

const bufferBytes = 64 * 1024 // less than a socket takes before it makes anybody wait
// What is handed over counts as written at once: a large answer on a slow line lets no ping pass until it is through.
const patientSweeps = 60

interface Watched {
  /** Bytes that had come when its client was last known to be served. */
  read: number
  /** Bytes that had gone out when it was asked to send a ping; undefined when there is nothing to find out. */
  writtenAtPing: number | undefined
  /** Sweeps since that ping. */
  waited: number
}

/**
 * A header that is too long for `nghttp2` makes it send GOAWAY and then neither read nor write, without a word to Node:
 * the connection stays open, its client waits for ever, and its watches and memory are held. What gives it away is a
 * ping that does not go out. Only sessions that have received something since are asked, so idle ones cost nothing.
 */
export function createSessionWatchdog(): SessionWatchdog {
  const sessions = new Map<ServerHttp2Session, Watched>()
  return {
    add(session) {
      sessions.set(session, { read: 0, writtenAtPing: undefined, waited: 0 })
      session.once('close', () => void sessions.delete(session))
    },
    sweep() {
      for (const [session, watched] of sessions) if (!session.destroyed) check(session, watched)
    },
  }
}

function check(session: ServerHttp2Session, watched: Watched): void {
  const { bytesRead, bytesWritten } = session.socket
  if (watched.writtenAtPing === bytesWritten) {
    watched.waited++
    if (bytesWritten < bufferBytes || watched.waited >= patientSweeps) session.destroy()
    return
  }
  watched.writtenAtPing = undefined
  watched.waited = 0
  if (watched.read === bytesRead) return
  watched.read = bytesRead
  watched.writtenAtPing = bytesWritten
  session.ping(() => {
    // The answer is no news that would have to be looked into.
    if (!session.destroyed) watched.read = session.socket.bytesRead
  })
}
