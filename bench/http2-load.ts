import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2'

/** One server to send load to: a base path, a token, a certificate authority. */
export interface Target {
  name: string
  origin: string
  /** Before `/api`. */
  basePath: string
  token: string
  ca: string
  /** Instead of the token. */
  certificate?: { cert: string; key: string }
  /** Processes whose CPU time counts. */
  pids: number[]
}

export interface Call {
  method: string
  path: string
  body?: string
  contentType?: string
}

export interface LoadResult {
  calls: number
  errors: number
  seconds: number
  latenciesMs: number[]
}

export interface LoadOptions {
  callers: number
  /** Stops after this time, or when `next` has no more calls. */
  seconds: number
  next(): Call | undefined
  /** The connections are open, and the first calls go out. */
  onStart?(): void
}

export function openSession(target: Target): Promise<ClientHttp2Session> {
  return new Promise((resolve, reject) => {
    const settings = { initialWindowSize: 4 * 1024 * 1024 }
    const session = connect(target.origin, { ca: target.ca, ...target.certificate, settings })
    session.once('connect', () => {
      session.setLocalWindowSize(64 * 1024 * 1024)
      resolve(session)
    })
    session.once('error', reject)
  })
}

export function openStream(session: ClientHttp2Session, target: Target, call: Call): ClientHttp2Stream {
  const stream = session.request({
    ':method': call.method,
    ':path': target.basePath + call.path,
    ...(target.certificate ? {} : { authorization: `Bearer ${target.token}` }),
    accept: 'application/json',
    ...(call.body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' }),
  })
  if (call.body !== undefined) stream.end(call.body)
  return stream
}

/** Sends one call and drains the answer; resolves with its status. */
export function send(session: ClientHttp2Session, target: Target, call: Call): Promise<number> {
  return new Promise((resolve, reject) => {
    const stream = openStream(session, target, call)
    let status = 0
    stream.on('response', (headers) => (status = Number(headers[':status'])))
    stream.on('data', () => {})
    stream.on('end', () => resolve(status))
    stream.on('error', reject)
  })
}

/** Reads one JSON document; throws when it is refused. */
export function read(session: ClientHttp2Session, target: Target, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const stream = openStream(session, target, { method: 'GET', path })
    const chunks: Buffer[] = []
    let status = 0
    stream.on('response', (headers) => (status = Number(headers[':status'])))
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      const text = Buffer.concat(chunks).toString()
      if (status === 200) resolve(JSON.parse(text))
      else reject(new Error(`${path} was answered ${status}: ${text}`))
    })
    stream.on('error', reject)
  })
}

/** Callers that each wait for an answer before the next call, on a connection of their own. */
export async function runLoad(target: Target, options: LoadOptions): Promise<LoadResult> {
  const { callers, seconds, next } = options
  const sessions = await Promise.all(Array.from({ length: callers }, () => openSession(target)))
  const latenciesMs: number[] = []
  let errors = 0
  options.onStart?.()
  const startedMs = performance.now()
  const endMs = startedMs + seconds * 1_000
  await Promise.all(
    sessions.map(async (session) => {
      while (performance.now() < endMs) {
        const call = next()
        if (!call) return
        const sentMs = performance.now()
        const status = await send(session, target, call)
        latenciesMs.push(performance.now() - sentMs)
        if (status < 200 || status >= 300) errors += 1
      }
    }),
  )
  const elapsed = (performance.now() - startedMs) / 1_000
  for (const session of sessions) session.close()
  return { calls: latenciesMs.length, errors, seconds: elapsed, latenciesMs }
}
