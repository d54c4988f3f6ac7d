import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAdmissionChain, type AdmissionPlugin } from '../../src/access/admission/admission.ts'
import { identityOfCertificate } from '../../src/access/authentication/client-certificate.ts'
import type { Authorizer } from '../../src/access/authorization/attributes.ts'
import {
  createCertificateAuthority,
  dayMs,
  issueKeyPair,
  openCertificateAuthority,
} from '../../src/access/pki/certificate.ts'
import { unauthorized } from '../../src/meta/api-errors.ts'
import type { ApiServer, ApiServerOptions } from '../../src/apiserver/api-server.ts'
import { createApiServer } from '../../src/apiserver/create-api-server.ts'
import { systemClock, type Clock } from '../../src/base/clock.ts'
import { silentLogger } from '../../src/base/logger.ts'
import { createClient } from '../../src/client/create-client.ts'
import type { Client } from '../../src/client/client.ts'
import type { Identity } from '../../src/client/transport.ts'
import { builtinDefinitions } from '../../src/registry/builtin/builtin-definitions.ts'
import { createObjectStore } from '../../src/registry/generic/create-object-store.ts'
import { openLogicalCluster } from '../../src/registry/generic/logical-cluster-lifecycle.ts'
import type { ObjectStore } from '../../src/registry/generic/object-store.ts'
import type { FillRandom } from '../../src/meta/random-bytes.ts'
import type { ResourceCatalog } from '../../src/registry/resource-catalog.ts'
import type { ResourceDefinition } from '../../src/registry/resource-definition.ts'
import type { Backend } from '../../src/storage/backend.ts'
import { createObjectCache } from '../../src/storage/create-object-cache.ts'
import { createMemoryBackend } from '../../src/storage/memory/memory-backend.ts'
import type { ObjectCache } from '../../src/storage/object-cache.ts'

export const admin: Identity = { name: 'admin', groups: ['system:masters', 'system:authenticated'] }

export interface TestApiServerOptions extends Partial<Omit<ApiServerOptions, 'store' | 'catalog' | 'admission'>> {
  readonly backend?: Backend
  readonly clock?: Clock
  readonly definitions?: readonly ResourceDefinition[]
  /** Where uids and generated names come from. */
  readonly fillRandom?: FillRandom
  readonly plugins?: readonly AdmissionPlugin[]
  /** Names of logical clusters beside root; each is reachable by its name and by `root:<name>`. */
  readonly workspaces?: readonly string[]
  /** False: nothing listens, only the in-process transport is there. */
  readonly listen?: boolean
}

export interface TestApiServer {
  readonly server: ApiServer
  readonly store: ObjectStore
  readonly cache: ObjectCache
  readonly backend: Backend
  readonly catalog: ResourceCatalog
  readonly clock: Clock
  /** `https://127.0.0.1:port`; empty when nothing listens. */
  readonly url: string
  readonly caPem: string
  /** A kubeconfig whose user is `admin` by client certificate. */
  readonly kubeconfigPath: string
  readonly folder: string
  /** In process, as `admin`. */
  clientOf(logicalCluster: string): Client
  close(): Promise<void>
}

const permissive: Authorizer = { authorize: () => ({ allowed: true, reason: '' }) }

/** A real API server in this process: memory storage, built-in kinds, everything allowed unless the test says otherwise. */
export async function startApiServer(options: TestApiServerOptions = {}): Promise<TestApiServer> {
  const { workspaces = [], plugins = [], clock = systemClock, logger = silentLogger } = options
  const backend = options.backend ?? createMemoryBackend()
  for (const name of ['root', ...workspaces]) await openLogicalCluster(backend, name, clock.now())
  const budget = { budgetBytes: 64 * 1024 * 1024, watchBudgetBytes: 16 * 1024 * 1024 }
  const cache = await createObjectCache({ backend, ...budget, clock, logger })
  const catalog = staticCatalog(options.definitions ?? builtinDefinitions())
  const { fillRandom } = options
  const store = createObjectStore({ backend, cache, catalog, clock, logger, ...(fillRandom ? { fillRandom } : {}) })
  const server = createApiServer({
    authorizer: permissive,
    authenticate: ({ headers }) => {
      if (headers['authorization'] !== undefined) throw unauthorized()
      return undefined
    },
    resolveLogicalCluster(pathOrName) {
      const name = pathOrName.startsWith('root:') ? pathOrName.slice('root:'.length) : pathOrName
      return name === 'root' || workspaces.includes(name) ? name : undefined
    },
    ...options,
    store,
    catalog,
    admission: createAdmissionChain(plugins),
    clock,
    logger,
  })
  const folder = mkdtempSync(join(tmpdir(), 'atoll-api-'))
  const authority = createCertificateAuthority('test', { nowMs: systemClock.now(), lifetimeMs: dayMs })
  const { url, kubeconfigPath } =
    options.listen === false ? { url: '', kubeconfigPath: '' } : await listen(server, authority, folder)
  const clientOf = (logicalCluster: string): Client =>
    createClient({ transport: server.transport, basePath: `/clusters/${logicalCluster}`, identity: admin })
  return {
    server,
    store,
    cache,
    backend,
    catalog,
    clock,
    url,
    caPem: authority.certPem,
    kubeconfigPath,
    folder,
    clientOf,
    async close() {
      await server.close({ graceMs: 200 })
      store.close()
      cache.close()
      await backend.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function listen(server: ApiServer, authority: { certPem: string; keyPem: string }, folder: string) {
  const validity = { nowMs: systemClock.now(), lifetimeMs: dayMs }
  const opened = openCertificateAuthority(authority)
  const organizations: string[] = []
  const serving = issueKeyPair(opened, {
    subject: { commonName: 'test', organizations },
    usage: 'serverAuth',
    hosts: ['127.0.0.1', 'localhost'],
    ...validity,
  })
  const client = issueKeyPair(opened, {
    subject: { commonName: admin.name, organizations: ['system:masters'] },
    usage: 'clientAuth',
    ...validity,
  })
  const { port } = await server.listen({
    host: '127.0.0.1',
    port: 0,
    key: serving.keyPem,
    cert: serving.certPem,
    clientCa: authority.certPem,
    certificateIdentity: ({ subject }) => identityOfCertificate(subject),
  })
  const url = `https://127.0.0.1:${port}`
  const kubeconfigPath = join(folder, 'admin.kubeconfig')
  const encode = (text: string): string => Buffer.from(text).toString('base64')
  const cluster = { server: `${url}/clusters/root`, 'certificate-authority-data': encode(authority.certPem) }
  const user = { 'client-certificate-data': encode(client.certPem), 'client-key-data': encode(client.keyPem) }
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'root',
    clusters: [{ name: 'root', cluster }],
    users: [{ name: 'admin', user }],
    contexts: [{ name: 'root', context: { cluster: 'root', user: 'admin' } }],
  }
  writeFileSync(kubeconfigPath, JSON.stringify(kubeconfig))
  return { url, kubeconfigPath }
}

/** The same definitions for every logical cluster. */
export function staticCatalog(definitions: readonly ResourceDefinition[]): ResourceCatalog {
  const byName = new Map(definitions.map((definition) => [`${definition.group}/${definition.resource}`, definition]))
  const snapshot = { key: 'static', definitions }
  return {
    resolve(_, group, version, resource) {
      const definition = byName.get(`${group}/${resource}`)
      const served = definition?.versions.find((candidate) => candidate.version === version)
      return definition && served && { definition, version: served }
    },
    snapshot: () => snapshot,
    definitionOf: (_, group, resource) => byName.get(`${group}/${resource}`),
  }
}
