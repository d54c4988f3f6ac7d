import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { type ApiStatusError, badRequest, failure, timeout } from '../meta/api-errors.ts'
import { bodyTimeoutMs } from './http-stream.ts'

const maxHeaderBytes = 1024 * 1024 // as Go's servers have it; held only while such headers arrive, at most for a minute
const maxHeaders = 4_096 // Node drops those behind it silently

/** Properties of Node's server for HTTP/1.1. */
export const http1Limits = { maxHeaderSize: maxHeaderBytes, maxHeadersCount: maxHeaders, requestTimeout: bodyTimeoutMs }

const tooManyHeaders = failure({
  code: 431,
  reason: 'BadRequest',
  message: `the headers are too long: a request may have ${maxHeaderBytes} bytes and fewer than ${maxHeaders} of them`,
})

/** Whether headers were dropped: without its last ones a request may mean something else (`Impersonate-User`). */
export function hasLostHeaders({ rawHeaders }: IncomingMessage): boolean {
  return rawHeaders.length >= 2 * maxHeaders // names and values
}

export function refuseHeaders(response: ServerResponse): void {
  const body = JSON.stringify(tooManyHeaders.status)
  response.writeHead(tooManyHeaders.code, { 'content-type': 'application/json', connection: 'close' })
  response.end(body)
}

/** What Node cannot read, or has waited for too long, is answered; of its connection nothing more can be expected. */
export function refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
  // In the midst of an answer, another one would be read as part of it.
  if (!socket.writable || (socket as { _httpMessage?: ServerResponse })._httpMessage?.headersSent) {
    socket.destroy()
    return
  }
  const { code, status } = statusErrorOf(error)
  const body = JSON.stringify(status)
  const head = [
    `HTTP/1.1 ${code} ${phrases[code] ?? 'Bad Request'}`,
    'Connection: close',
    'Content-Type: application/json',
  ]
  socket.end(`${head.join('\r\n')}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`, () =>
    socket.destroy(),
  )
}

const phrases: Readonly<Record<number, string>> = { 431: 'Request Header Fields Too Large', 504: 'Gateway Timeout' }

function statusErrorOf(error: NodeJS.ErrnoException): ApiStatusError {
  if (error.code === 'HPE_HEADER_OVERFLOW') return tooManyHeaders
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return timeout('the request did not arrive in time')
  return badRequest('the request is no HTTP that can be read', error)
}
