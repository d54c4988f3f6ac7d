import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Logger } from '../../src/base/logger.ts'
import { type ByteSink, isStreamBody } from '../../src/client/transport.ts'
import { parseYaml } from '../../src/meta/yaml.ts'
import type { Status } from '../../src/meta/status.ts'
import { createCall, namespaceBody } from '../support/api-call.ts'
import { admin, startApiServer, type TestApiServer } from '../support/api-server.ts'
import { createRequests, type RandomRequest, randomRequest } from '../support/random-request.ts'

const runs = Number(process.env['ATOLL_PROPERTY_RUNS'] ?? 2_000)
const hangsAfterMs = 10_000
/** Texts of 5xx that upstream gives to bad input, or that say what this server does not have. */
const explained = [
  /^resourceVersion should not be set on objects to be created$/,
  /^this server has nothing that answers /,
  /^nothing runs in this hub: /,
  /^Timeout: Too large resource version: /,
]

describe('whatever is sent', () => {
  let api: TestApiServer
  const complaints: unknown[] = []
  const counts = new Map<number, number>()
  beforeAll(async () => {
    const logger: Logger = {
      error: (sentence, fields) => void complaints.push({ sentence, ...fields }),
      warn: () => {},
      info: () => {},
      debug: () => {},
      with: () => logger,
    }
    api = await startApiServer({ listen: false, logger, workspaces: ['one'] })
    const call = createCall(api.server)
    await call('/api/v1/namespaces', { method: 'POST', body: namespaceBody('default') })
    for (const { url, method, body } of createRequests) await call(url, { method, body })
  })
  afterAll(() => api.close())

  const send = async (request: RandomRequest): Promise<{ status: number; text: string }> => {
    const signal = new AbortController().signal
    let timer: NodeJS.Timeout | undefined
    const hang = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('no answer')), hangsAfterMs)
    })
    try {
      const response = await Promise.race([api.server.transport({ ...request, signal, identity: admin }), hang])
      if (!isStreamBody(response.body)) return { status: response.status, text: Buffer.from(response.body).toString() }
      response.body.start(closedSink())
      return { status: response.status, text: '' }
    } finally {
      clearTimeout(timer)
    }
  }

  test(`the server answers, and never with an error of its own (${runs} requests)`, async () => {
    await fc.assert(
      fc.asyncProperty(randomRequest, async (request) => {
        complaints.length = 0
        const { status, text } = await send(request)
        counts.set(status, (counts.get(status) ?? 0) + 1)
        expect(complaints).toEqual([])
        expect(status).toBeGreaterThanOrEqual(200)
        if (status >= 500) expect({ request, message: messageOf(text) }).toSatisfy(isExplained)
      }),
      { numRuns: runs },
    )
  }, 600_000)

  test('it is as healthy as before, and lists what it holds', async () => {
    const call = createCall(api.server)
    expect((await call('/readyz')).text).toBe('ok')
    expect((await call('/api/v1/namespaces')).status).toBe(200)
    expect(api.cache.stats().watches).toBe(0)
    expect(Object.keys(Object.prototype)).toEqual([])
    // Requests that are all refused at the door would test nothing.
    expect((counts.get(200) ?? 0) / runs).toBeGreaterThan(0.05)
  })
})

function isExplained({ request, message }: { request: RandomRequest; message: string }): boolean {
  if (explained.some((pattern) => pattern.test(message))) return true
  // Upstream has 500 for patches that do not fit the schema, with a text that names the field.
  const type = request.headers['content-type'] ?? ''
  const merges = type.startsWith('application/strategic-merge-patch') || type.startsWith('application/apply-patch')
  return merges && message !== '' && !message.startsWith('Internal error occurred')
}

function messageOf(text: string): string {
  try {
    return (parseYaml(text) as unknown as Status).message ?? ''
  } catch {
    return text
  }
}

/** A peer that is gone before the first byte. */
function closedSink(): ByteSink {
  return {
    write: () => true,
    end: () => {},
    bufferedBytes: 0,
    closed: true,
    onDrain: () => {},
    onClose: (listener) => listener(),
  }
}
