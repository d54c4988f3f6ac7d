import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createManualClock } from '../base/clock.ts'
import { silentLogger } from '../base/logger.ts'
import type { InformerEvent } from '../informer/informer.ts'
import type { ChildCluster } from '../meta/fleet/child-cluster.ts'
import { agentGroup, agentUser } from '../meta/fleet/fleet-names.ts'
import { tunnelPath, tunnelProtocol } from '../tunnel/tunnel-client.ts'
import { createAgentTunnel } from './agent-tunnel.ts'
import type { FleetInformers } from './controllers/fleet-informers.ts'

test('the connection of an agent ends with its ChildCluster, a moment later', async () => {
  const childCluster: ChildCluster = { metadata: { name: 'c', uid: 'u' }, spec: { mode: 'agent' } }
  let known = [childCluster]
  let tell: (event: InformerEvent<ChildCluster>) => void = () => {}
  const childClusters = {
    synced: Promise.resolve(),
    byIndex: () => known,
    onEvent: (listener: typeof tell) => void (tell = listener),
  }
  const clock = createManualClock()
  const tunnel = createAgentTunnel({
    transport: () => Promise.reject(new Error('nobody asks')),
    informers: () => ({ childClusters }) as unknown as FleetInformers,
    handleRenew: () => ({ certPem: '', hubId: '', name: '' }),
    clock,
    logger: silentLogger,
  })
  const identity = { name: agentUser('u'), groups: [agentGroup] }
  const http = createServer()
  http.on('upgrade', (request, socket, head) => void tunnel.upgrade(request, socket, head, identity))
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const agent = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}${tunnelPath}`, tunnelProtocol)
  await once(agent, 'open')
  const closed = once(agent, 'close')
  known = []
  tell({ type: 'deleted', key: { logicalCluster: 'one', namespace: '', name: 'c' }, object: childCluster })
  expect(tunnel.connected).toEqual(['u'])
  clock.advance(10_000)
  await closed
  await tunnel.close()
  http.close()
})
