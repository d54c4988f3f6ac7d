import { request } from 'node:https'

/** An API server and who asks it. */
export interface ApiTarget {
  /** "https://127.0.0.1:20123", without a slash at the end; a path prefix is kept. */
  readonly serverUrl: string
  /** The certificate authority as in a kubeconfig: PEM, then base64. */
  readonly caData: string
  readonly token: string
}

export interface ApiRequest {
  readonly method?: string
  /** Sent as JSON, or as it is when it is a string. */
  readonly body?: unknown
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
}

export interface ApiResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** The body parsed as JSON; throws when it is something else. */
  json(): unknown
}

/** One request on a connection of its own, over HTTP/1.1, answered whatever the status is. */
export function apiRequest(target: ApiTarget, path: string, options: ApiRequest = {}): Promise<ApiResponse> {
  const { method = 'GET', body, contentType = 'application/json', headers = {}, timeoutMs = 30_000 } = options
  const payload = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const outgoing = request(
      target.serverUrl + path,
      {
        method,
        ca: Buffer.from(target.caData, 'base64'),
        agent: false,
        signal: AbortSignal.timeout(timeoutMs),
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${target.token}`,
          ...(payload === undefined
            ? {}
            : { 'content-type': contentType, 'content-length': Buffer.byteLength(payload) }),
          ...headers,
        },
      },
      (incoming) => {
        const chunks: Buffer[] = []
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
        incoming.on('error', reject)
        incoming.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            text,
            json: (): unknown => JSON.parse(text),
          })
        })
      },
    )
    outgoing.on('error', reject)
    outgoing.end(payload)
  })
}
