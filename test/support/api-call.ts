import type { ApiServer } from '../../src/apiserver/api-server.ts'
import { collectBody } from '../../src/client/response-body.ts'
import type { Identity } from '../../src/client/transport.ts'
import type { KubeObject } from '../../src/meta/object.ts'
import type { Status } from '../../src/meta/status.ts'
import { admin } from './api-server.ts'

export interface CallOptions {
  readonly method?: string
  /** Sent as JSON, or as it is when it is a string or bytes. */
  readonly body?: unknown
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Default: `admin`; null sends the request without an identity. */
  readonly identity?: Identity | null
}

export interface CallResult {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly bytes: Uint8Array
  readonly text: string
  /** Parsed; throws when the body is no JSON. */
  // eslint-disable-next-line typescript/no-unnecessary-type-parameters -- says what the caller expects
  json<T = KubeObject>(): T
}

export type Call = (path: string, options?: CallOptions) => Promise<CallResult>

/** One request in process, with its whole answer; not for watches, which do not end. */
export function createCall(server: Pick<ApiServer, 'transport'>): Call {
  return async (
    path,
    { method = 'GET', body, contentType = 'application/json', headers = {}, identity = admin } = {},
  ) => {
    const response = await server.transport({
      method,
      url: path,
      headers: { 'user-agent': 'test/1', ...(body === undefined ? {} : { 'content-type': contentType }), ...headers },
      body: encode(body),
      signal: new AbortController().signal,
      ...(identity ? { identity } : {}),
    })
    const bytes = await collectBody(response.body)
    const text = Buffer.from(bytes).toString()
    return { status: response.status, headers: response.headers, bytes, text, json: () => JSON.parse(text) as never }
  }
}

function encode(body: unknown): Uint8Array {
  if (body === undefined) return new Uint8Array(0)
  if (body instanceof Uint8Array) return body
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

export function statusOf(result: CallResult): Status {
  return result.json<Status>()
}

export const namespaceBody = (name: string): object => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
export const configMapBody = (
  name: string,
  data: Record<string, string> = { a: '1' },
  metadata: object = {},
): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
})
