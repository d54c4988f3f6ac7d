/**
 * What a tunnel carries: requests and responses of the API as plain data. These are the shapes of the client's transport,
 * written down again because the tunnel needs nothing else of it; a client's Transport fits where a TunnelHandler does.
 */
export interface TunnelRequest {
  method: string
  /** Path and query. */
  url: string
  headers: Readonly<Record<string, string | readonly string[] | undefined>>
  body: Uint8Array
  signal: AbortSignal
  identity?: TunnelIdentity
}

export interface TunnelIdentity {
  name: string
  uid?: string
  groups: readonly string[]
  extra?: Readonly<Record<string, readonly string[]>>
}

export interface TunnelResponse {
  status: number
  headers: Record<string, string | string[]>
  body: Uint8Array | TunnelStream
}

export interface TunnelStream {
  start(sink: TunnelSink): void
}

export interface TunnelSink {
  write(chunk: Uint8Array): boolean
  end(): void
  readonly bufferedBytes: number
  readonly closed: boolean
  onDrain(listener: () => void): void
  onClose(listener: () => void): void
}

export type TunnelHandler = (request: TunnelRequest) => Promise<TunnelResponse>

/** The peer is gone, or went away during the request; nothing is known about the request's effect. */
export class TunnelClosedError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'TunnelClosedError'
  }
}
