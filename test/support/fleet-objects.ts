import { fleetApiVersion } from '../../src/meta/fleet/fleet-names.ts'
import type { KubeObject } from '../../src/meta/object.ts'

export const placement = (name: string, spec: object): KubeObject => ({
  apiVersion: fleetApiVersion,
  kind: 'Placement',
  metadata: { name },
  spec,
})

/** A Deployment in the namespace `default`, of one container that the SIMULATED clusters run. */
export const deployment = (
  name: string,
  { replicas = 1, labels, podSpec = {} }: { replicas?: number; labels: Record<string, string>; podSpec?: object },
): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'default', labels },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'web', image: 'registry.invalid/web:1' }], ...podSpec },
    },
  },
})
