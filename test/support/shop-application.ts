import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { KubeObject } from '../../src/meta/object.ts'
import { fixturesFolder } from './fixtures.ts'

/** Deployments that the tests of the fleet use by name; each with a Service and, but for the last, a ServiceAccount. */
const names = ['frontend', 'adservice', 'cartservice', 'emailservice', 'redis-cart']

/**
 * An application as users place it: a known public one where its manifest is at hand and time does not matter, else a
 * smaller one with the same names.
 */
export function shopApplication(size: 'whole' | 'small'): readonly KubeObject[] {
  const file = join(fixturesFolder, 'manifests', 'online-boutique.yaml')
  if (size === 'small' || !existsSync(file)) return names.flatMap(partsOf)
  return parseAllDocuments(readFileSync(file, 'utf8')).flatMap((document) => {
    const object = document.toJS() as KubeObject | null
    return object === null ? [] : [object]
  })
}

function partsOf(name: string): KubeObject[] {
  const account = name === 'redis-cart' ? undefined : name
  const container = { name: 'server', image: `registry.invalid/${name}:1` }
  const podSpec =
    account === undefined ? { containers: [container] } : { serviceAccountName: account, containers: [container] }
  const deployment: KubeObject = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: podSpec },
    },
  }
  const service: KubeObject = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] },
  }
  if (account === undefined) return [deployment, service]
  return [deployment, service, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: account } }]
}
