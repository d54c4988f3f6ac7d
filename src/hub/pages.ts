import express, { type Express, type Request, type Response } from 'express'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { joinPath } from '../agent/join-token.ts'
import type { FallbackHandler } from '../apiserver/api-server.ts'
import type { Logger } from '../base/logger.ts'
import { pathNotFound, toStatus } from '../meta/api-errors.ts'

export interface PagesOptions {
  version: string
  /** What an agent without a certificate asks; see `agent/join-token.ts`. */
  handleJoin(call: unknown): Promise<object>
  logger: Logger
}

const callLimit = '64kb' // a join call is a token and a certificate request

/** Everything that is no API path, on either HTTP version. */
export function createPages(options: PagesOptions): FallbackHandler {
  const http1 = createApp(options, IncomingMessage.prototype, ServerResponse.prototype)
  const http2 = createApp(options, Http2ServerRequest.prototype, Http2ServerResponse.prototype)
  return (request, response) => {
    const app = request.httpVersionMajor === 2 ? http2 : http1
    // Express takes what its prototypes were made for; its types know HTTP/1.1 alone.
    app(request as unknown as Request, response as unknown as Response)
  }
}

function createApp({ version, handleJoin, logger }: PagesOptions, requests: object, responses: object): Express {
  const app = express()
  app.request = derive(app.request, requests) as Request
  app.response = derive(app.response, responses) as Response
  app.disable('x-powered-by')
  app.disable('etag')
  app.get('/', (_request, response) => {
    response.type('html').send(landingPage(version))
  })
  app.post(joinPath, express.json({ limit: callLimit }), async (request, response) => {
    try {
      response.json(await handleJoin(request.body))
    } catch (error) {
      sendError(response, error)
    }
  })
  app.use((_request, response) => sendError(response, pathNotFound()))
  app.use((error: unknown, _request: Request, response: Response, _next: unknown) => {
    const status = typeof error === 'object' && error !== null && 'status' in error ? Number(error.status) : 500
    if (status < 500)
      response.status(status).json({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code: status })
    else sendError(response, error)
  })
  return app

  function sendError(response: Response, error: unknown): void {
    const status = toStatus(error, (cause) => logger.error('a page failed', { error: cause }))
    response.status(status.code ?? 500).json(status)
  }
}

/** Express' methods over another base: its own prototypes derive from HTTP/1.1's messages. */
function derive(methods: object, base: object): object {
  const result: object = Object.create(base)
  for (
    let level = methods;
    level !== Object.prototype && !isMessage(level);
    level = Object.getPrototypeOf(level) as object
  )
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(level)))
      if (!Object.hasOwn(result, name)) Object.defineProperty(result, name, property)
  return result
}

function isMessage(prototype: object): boolean {
  return prototype === IncomingMessage.prototype || prototype === ServerResponse.prototype
}

function landingPage(version: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Atoll</title>
<h1>Atoll ${version}</h1>
<p>This is a hub. Point kubectl at <code>/clusters/&lt;workspace&gt;</code> of this address:
<code>atoll kubeconfig &lt;workspace&gt;</code> prints a kubeconfig.</p>
</html>
`
}
