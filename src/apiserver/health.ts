import type { ApiResponse } from '../client/transport.ts'
import type { Logger } from '../base/logger.ts'
import { pathNotFound } from '../meta/api-errors.ts'
import type { HealthCheck } from './api-server.ts'
import type { Exchange } from './exchange.ts'
import { respondText } from './respond.ts'

/** Answers /healthz, /livez, /readyz and their single checks. */
export interface Health {
  respond(exchange: Exchange): Promise<ApiResponse>
  readonly paths: readonly string[]
}

type Endpoint = HealthCheck['endpoints'][number]
const everywhere: readonly Endpoint[] = ['healthz', 'livez', 'readyz']

export function createHealth(checks: readonly HealthCheck[], closing: AbortSignal, logger: Logger): Health {
  const all: readonly HealthCheck[] = [
    { name: 'ping', endpoints: everywhere, check: () => {} },
    { name: 'log', endpoints: everywhere, check: () => {} },
    ...checks,
    {
      name: 'shutdown',
      endpoints: ['readyz'],
      check() {
        if (closing.aborted) throw new Error('the hub is shutting down')
      },
    },
  ]
  const of = (endpoint: string): readonly HealthCheck[] =>
    all.filter(({ endpoints }) => (endpoints as readonly string[]).includes(endpoint))
  return {
    respond(exchange) {
      const [, endpoint = '', ...rest] = exchange.info.path.split('/')
      const name = rest.join('/')
      const wanted = name === '' ? of(endpoint) : of(endpoint).filter((check) => check.name === name)
      if (wanted.length === 0 || exchange.info.path.endsWith('/')) throw pathNotFound()
      return run(exchange, endpoint, wanted, name === '', logger)
    },
    paths: everywhere.flatMap((endpoint) => [
      `/${endpoint}`,
      ...of(endpoint).map(({ name }) => `/${endpoint}/${name}`),
    ]),
  }
}

async function run(
  exchange: Exchange,
  endpoint: string,
  checks: readonly HealthCheck[],
  isWhole: boolean,
  logger: Logger,
): Promise<ApiResponse> {
  const excluded = new Set(exchange.parameters.getAll('exclude'))
  const lines: string[] = []
  const failed: string[] = []
  for (const { name, check } of checks) {
    if (excluded.delete(name)) {
      lines.push(`[+]${name} excluded: ok`)
      continue
    }
    try {
      await check()
      lines.push(`[+]${name} ok`)
    } catch (error) {
      logger.warn('health check failed', { check: name, error: String(error) })
      lines.push(`[-]${name} failed: reason withheld`)
      failed.push(name)
    }
  }
  if (excluded.size > 0) {
    const names = [...excluded].map((name) => JSON.stringify(name)).join(', ')
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names}`)
  }
  if (failed.length > 0) return respondText(exchange, 500, `${lines.join('\n')}\n${endpoint} check failed\n`)
  if (!isWhole || !exchange.parameters.has('verbose')) return respondText(exchange, 200, 'ok')
  return respondText(exchange, 200, `${lines.join('\n')}\n${endpoint} check passed\n`)
}
