import type { Controller, ReconcileRequest } from '../../controller/controller.ts'
import { informerSource } from '../../controller/informer-source.ts'
import { simulationController, type SimulationParts } from '../simulation-parts.ts'
import { services } from '../simulated-resources.ts'
import type { Service } from '../workload-types.ts'
import { writeStatus } from '../workload-status.ts'

/** Plays a cloud: every Service of type LoadBalancer has an address, at which nothing answers. */
export function loadBalancerController(parts: SimulationParts): Controller {
  return simulationController(parts, {
    name: 'load-balancer',
    // One at a time, so that no address is given twice.
    workers: 1,
    sources: [informerSource(parts.informers.services)],
    reconcile: (request) => reconcile(parts, request),
  })
}

async function reconcile({ client, informers }: SimulationParts, { namespace, name }: ReconcileRequest): Promise<void> {
  const service = informers.services.get({ namespace, name })
  if (!service || service.metadata.deletionTimestamp || service.spec.loadBalancerClass) return
  const wanted = service.spec.type === 'LoadBalancer'
  const given = service.status?.loadBalancer?.ingress ?? []
  if (wanted === given.length > 0) return
  const loadBalancer = wanted ? { ingress: [{ ip: freeAddress(informers.services.list(), service) }] } : {}
  await writeStatus(client.resource<Service>(services), service, { ...service.status, loadBalancer })
}

/**
 * From 203.0.113.0/24, which is set aside for documentation (RFC 5737). It starts at a place that the uid decides, so that
 * the balancers of two simulated clusters rarely look alike.
 */
export function freeAddress(all: readonly Service[], { metadata }: Service): string {
  const taken = new Set(all.flatMap(({ status }) => status?.loadBalancer?.ingress?.map(({ ip }) => ip) ?? []))
  const start = Number.parseInt((metadata.uid ?? '').slice(0, 6), 16) || 0
  const hosts = 254
  for (let step = 0; step < hosts; step++) {
    const address = `203.0.113.${((start + step) % hosts) + 1}`
    if (!taken.has(address)) return address
  }
  return `203.0.113.${(start % hosts) + 1}` // more balancers than addresses: they share
}
