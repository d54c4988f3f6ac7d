/**
 * One request and one response as plain data: what the HTTP server, the in-process transport, the agent's tunnel and
 * the clients all speak. Whoever can answer an `ApiRequest` is a hub to its callers.
 */
export interface ApiRequest {
  method: string
  /** Path and query as they stand in the URL: `/clusters/root/api/v1/namespaces?limit=500`. */
  url: string
  /** Lower-case names; a repeated header is an array. */
  headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** The whole body, empty when there is none. Bodies are bounded by the server (3 MiB), so they are not streamed. */
  body: Uint8Array
  /** Aborted when the caller is gone. */
  signal: AbortSignal
  /** Who asks, when the transport itself knows it: set by TLS (client certificate) or in process; never from headers. */
  identity?: Identity
}

/** An authenticated user. `name` and `groups` as RBAC knows them. */
export interface Identity {
  name: string
  uid?: string
  groups: readonly string[]
  extra?: Readonly<Record<string, readonly string[]>>
}

export interface ApiResponse {
  status: number
  headers: Record<string, string | string[]>
  body: ResponseBody
}

/** Whole bytes, or a stream that writes itself into a sink (watches, long lists, logs). */
export type ResponseBody = Uint8Array | StreamBody

export interface StreamBody {
  /**
   * Called once, when the response's head has been sent. Writes until it calls `sink.end()` or the sink is closed.
   * Must not throw.
   */
  start(sink: ByteSink): void
}

export interface ByteSink {
  /**
   * Hands over bytes, which are not changed before `sent` is called: their memory may be used again then. A sink that keeps
   * what it gets never calls it. False: the peer is slow, wait for `onDrain`.
   */
  write(chunk: Uint8Array, sent?: () => void): boolean
  end(): void
  /** Bytes accepted and not yet handed to the peer. */
  readonly bufferedBytes: number
  readonly closed: boolean
  /** The peer sees each write as a message of its own (WebSocket): what are two must not be joined in one. */
  readonly keepsMessages?: boolean
  /** Called when there is room again after `write` returned false. One listener. */
  onDrain(listener: () => void): void
  /** Called once when the peer is gone or the response was ended; at once when that has happened. */
  onClose(listener: () => void): void
}

/** Rejects only when the peer cannot be reached or the request was aborted; every HTTP status is a response. */
export type Transport = (request: ApiRequest) => Promise<ApiResponse>

export function isStreamBody(body: ResponseBody): body is StreamBody {
  return !(body instanceof Uint8Array)
}
