import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import type { RequestRecord } from './api-server.ts'

/** Counts requests, and writes them with the process's own numbers in Prometheus' text format. */
export interface RequestMetrics {
  count(record: RequestRecord): void
  text(): Promise<string>
}

interface Series {
  readonly labels: Record<(typeof labelNames)[number], string>
  count: number
  durationMs: number
}

const labelNames = ['verb', 'group', 'version', 'resource', 'subresource', 'code'] as const
const maxSeries = 5_000 // tenants name their own types: beyond, requests are counted without a name

export function createRequestMetrics(gauges: { inFlight(): number; watches(): number }): RequestMetrics {
  const series = new Map<string, Series>()
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers: Registry[] = []
  const eachSeries = (set: (labels: Series['labels'], one: Series) => void): void => {
    for (const one of series.values()) set(one.labels, one)
  }
  const requests = new Counter({
    name: 'apiserver_request_total',
    help: 'Answered requests.',
    labelNames,
    registers,
    collect() {
      this.reset()
      eachSeries((labels, { count }) => this.inc(labels, count))
    },
  })
  const durations = new Counter({
    name: 'apiserver_request_duration_seconds_total',
    help: 'Time from the arrival of requests to the beginning of their answers.',
    labelNames,
    registers,
    collect() {
      this.reset()
      eachSeries((labels, { durationMs }) => this.inc(labels, durationMs / 1000))
    },
  })
  registry.registerMetric(requests)
  registry.registerMetric(durations)
  gauge(registry, 'apiserver_current_inflight_requests', 'Requests in work.', gauges.inFlight)
  gauge(registry, 'apiserver_longrunning_requests', 'Open watches.', gauges.watches)
  return {
    count(record) {
      const one = seriesOf(series, record)
      one.count++
      one.durationMs += record.durationMs
    },
    text: () => registry.metrics(),
  }
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  const metric = new Gauge({
    name,
    help,
    registers: [],
    collect() {
      this.set(read())
    },
  })
  registry.registerMetric(metric)
}

function seriesOf(series: Map<string, Series>, { attributes, status }: RequestRecord): Series {
  // What is not served is counted without the name that somebody made up for it.
  const named = status === 404 || series.size >= maxSeries ? undefined : attributes
  const { verb = '', group = '', version = '', resource = '', subresource = '' } = named ?? {}
  const key = `${verb} ${group} ${version} ${resource} ${subresource} ${status}`
  let one = series.get(key)
  if (!one) {
    const labels = { verb, group, version, resource, subresource, code: String(status) }
    series.set(key, (one = { labels, count: 0, durationMs: 0 }))
  }
  return one
}
