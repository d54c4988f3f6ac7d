import { chmodSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createAdmissionChain } from '../access/admission/admission.ts'
import { hubAdmission } from '../access/admission/hub-admission.ts'
import type { ForeseenTargets } from '../access/admission/placement-mark.ts'
import { identityOfCertificate } from '../access/authentication/client-certificate.ts'
import { createAuthenticator } from '../access/authentication/authenticator.ts'
import { createServiceAccountAuthenticator } from '../access/authentication/service-account-authenticator.ts'
import { createIssuerOf } from '../access/authentication/service-account-token.ts'
import { impersonate } from '../access/authentication/impersonation.ts'
import { createTokenRequests } from '../access/authentication/token-request.ts'
import { createTokenReview, reviewSelf } from '../access/authentication/user-reviews.ts'
import { createAccessReviews } from '../access/authorization/access-reviews.ts'
import { createRbacAuthorizer } from '../access/authorization/rbac-authorizer.ts'
import { rbacGroup } from '../access/authorization/rbac-rules.ts'
import { signCertificateRequest } from '../access/pki/certificate-request.ts'
import { dayMs, issueKeyPair } from '../access/pki/certificate.ts'
import { loadOrCreateHubSecrets, type HubSecrets } from '../access/pki/hub-secrets.ts'
import { buildKubeconfig, formatKubeconfig } from '../access/pki/kubeconfig.ts'
import { loadOrIssueServingCertificate } from '../access/pki/serving-certificate.ts'
import { createJoinHandler } from '../agent/join-token.ts'
import type { ApiServer } from '../apiserver/api-server.ts'
import { createApiServer } from '../apiserver/create-api-server.ts'
import { createStorageCheck } from './storage-check.ts'
import { systemClock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import { createClient } from '../client/create-client.ts'
import type { Client } from '../client/client.ts'
import type { Controller } from '../controller/controller.ts'
import { podCreates } from '../registry/builtin/core/pod/pod-creates.ts'
import { createResourceCatalog } from '../registry/custom/create-resource-catalog.ts'
import { createObjectStore } from '../registry/generic/create-object-store.ts'
import { deleteLogicalCluster } from '../registry/generic/delete-logical-cluster.ts'
import type { ObjectReader } from '../registry/object-reader.ts'
import { createLogicalClusterResolver } from '../registry/tenancy/logical-cluster-resolver.ts'
import { tenancyGroup } from '../registry/tenancy/workspace-crd.ts'
import type { Backend } from '../storage/backend.ts'
import { parseObjectKey } from '../storage/keys.ts'
import { createObjectCache } from '../storage/create-object-cache.ts'
import { createAgentTunnel } from './agent-tunnel.ts'
import { createAuthenticate } from './authenticate.ts'
import { createBootstrapObjects, readBootstrapObjects } from './bootstrap-objects.ts'
import { openRoot } from './bootstrap-root.ts'
import { childConnections } from './child-connections.ts'
import { compactRegularly } from './compact-regularly.ts'
import { childClusterController } from './controllers/child-cluster-controller.ts'
import { customResourceCleanupController } from './controllers/custom-resource-cleanup-controller.ts'
import { customResourceNamesController } from './controllers/custom-resource-names-controller.ts'
import { createDeliveryTally } from './controllers/delivery-tally.ts'
import { createFleetInformers } from './controllers/fleet-informers.ts'
import { garbageCollectorController } from './controllers/garbage-collector-controller.ts'
import { namespaceContentsController, namespaceController } from './controllers/namespace-controller.ts'
import { placementDecisionsController } from './controllers/placement-decisions-controller.ts'
import { createForesight, createPathReader, placementController } from './controllers/placement-controller.ts'
import { publicationController } from './controllers/publication-controller.ts'
import { workspaceController } from './controllers/workspace-controller.ts'
import { hubDefinitions } from './definitions.ts'
import type { HubOptions } from './hub-options.ts'
import { makeDataDir } from './make-data-dir.ts'
import { openAudit } from './open-audit.ts'
import { openIdEndpoints } from './openid-endpoints.ts'
import { createPages } from './pages.ts'
import { createPinoLogger } from './pino-logger.ts'
import { storageDrivers } from './storage-drivers.ts'
import { ownPart } from '../access/authentication/identity.ts'

export interface Hub {
  /** `https://host:port` */
  url: string
  kubeconfigPath: string
  /** In process, as the system: for tests and for parts that live beside the hub. */
  clientOf(logicalCluster: string): Client
  /** Drains and stops, in the reverse order of starting. Idempotent. */
  close(): Promise<void>
}

const bootstrapFolder = fileURLToPath(new URL('../../workspaces', import.meta.url))
const adminLifetimeMs = 365 * dayMs
const agentLifetimeMs = 30 * dayMs // renewed by the agent after two thirds of it
const cachesShare = 1 / 3
const watchWindowShare = 4 // a quarter of what the caches get holds recent events, the rest objects

/** Starts a hub: storage, identity, API server, controllers, in this order; what has started is closed when a later part fails. */
export async function startHub(options: HubOptions): Promise<Hub> {
  const logger = createPinoLogger(options.logLevel)
  const closers: (() => Promise<void> | void)[] = []
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  try {
    makeDataDir(options.dataDir)
    const backend = await storageDrivers[options.storage]({ dataDir: options.dataDir })
    closers.push(() => backend.close())
    const secrets = await loadOrCreateHubSecrets(backend, systemClock.now())
    return await startParts({ options, logger, backend, secrets, closers, close })
  } catch (error) {
    await close()
    throw error
  }
}

interface Started {
  options: HubOptions
  logger: Logger
  backend: Backend
  secrets: HubSecrets
  closers: (() => Promise<void> | void)[]
  close(): Promise<void>
}

async function startParts({ options, logger, backend, secrets, closers, close }: Started): Promise<Hub> {
  const clock = systemClock
  const caPem = secrets.certificateAuthority.certPem
  const hub = () => ({ id: secrets.identity.id, incarnation: secrets.identity.incarnation })
  // Where clients find the hub is known once it listens; nothing asks before that.
  let externalUrl = options.externalUrl ?? ''
  const issuerOf = createIssuerOf(`https://${secrets.identity.id}.atoll`)

  // Storage and what is read through it.
  // With the garbage that it makes, a process grows by more than twice what its caches hold.
  const budget = options.memoryBudgetBytes * cachesShare
  const cache = await createObjectCache({
    backend,
    budgetBytes: budget - budget / watchWindowShare,
    watchBudgetBytes: budget / watchWindowShare,
    logger,
  })
  closers.push(() => cache.close())
  const reader: ObjectReader = {
    get: (address) => store.reader.get(address),
    list: (address) => store.reader.list(address),
  }

  // Who may do what.
  const authorizer = createRbacAuthorizer({ reader, openPathsOf: 'root' })
  const tokens = [createServiceAccountAuthenticator({ keys: secrets.serviceAccountKeys, issuerOf, reader, clock })]
  const authenticator = createAuthenticator({ tokens })
  const reviews = createAccessReviews(authorizer, authorizer)

  // What is served.
  const pods = podCreates({ store: () => store, definition: () => definitions.find('', 'pods') })
  const definitions = hubDefinitions({
    caPem,
    hub,
    virtualCreate: new Map([
      ['authentication.k8s.io/selfsubjectreviews', reviewSelf],
      ['authentication.k8s.io/tokenreviews', createTokenReview(authenticator)],
      ['authorization.k8s.io/subjectaccessreviews', reviews.subjectAccessReview],
      ['authorization.k8s.io/localsubjectaccessreviews', reviews.localSubjectAccessReview],
      ['authorization.k8s.io/selfsubjectaccessreviews', reviews.selfSubjectAccessReview],
      ['authorization.k8s.io/selfsubjectrulesreviews', reviews.selfSubjectRulesReview],
      ...pods.virtualCreate,
    ]),
    subresourceCreate: new Map([
      ['/serviceaccounts/token', createTokenRequests({ keys: secrets.serviceAccountKeys, issuerOf, clock })],
      ...pods.subresourceCreate,
    ]),
  })
  const catalog = createResourceCatalog({ builtins: definitions.all, reader })
  const store = createObjectStore({ backend, cache, catalog, clock, logger })
  closers.push(() => store.close())
  const workspaces = createLogicalClusterResolver(reader)
  closers.push(followChanges(backend, { authorizer, catalog, workspaces }))

  // Agents: they join with a token and dial in.
  const join = createJoinHandler({
    clientOf: (logicalCluster) => clientOf(logicalCluster),
    hubId: secrets.identity.id,
    now: () => clock.now(),
    sign: (csrPem, { commonName, organizations }) =>
      signCertificateRequest(secrets.certificateAuthority, csrPem, {
        subject: { commonName, organizations: [...organizations] },
        nowMs: clock.now(),
        lifetimeMs: agentLifetimeMs,
      }),
  })
  const tunnel = createAgentTunnel({
    transport: (request) => server.transport(request),
    informers: () => informers,
    handleRenew: join.handleRenew,
    clock,
    logger,
  })

  // The one road of all requests.
  const audit = options.auditLog === undefined ? undefined : await openAudit(options.auditLog, logger, closers)
  let foresee: ForeseenTargets | undefined // once placement is there
  const server: ApiServer = createApiServer({
    store,
    catalog,
    authenticate: createAuthenticate(authenticator),
    authorizer,
    admission: createAdmissionChain(
      hubAdmission({
        reader,
        authorizer,
        rules: authorizer,
        urlOf: (path) => `${externalUrl}/clusters/${path}`,
        foresee: (attributes, object) => foresee?.(attributes, object) ?? [],
        now: () => clock.now(),
        ownsMarks: !options.playsChildCluster,
      }),
    ),
    impersonate: async (requestor, logicalCluster, headers) =>
      (await impersonate({ headers, requestor, logicalCluster, authorizer })) ?? requestor,
    resolveLogicalCluster: (pathOrName) => workspaces.resolve(pathOrName),
    healthChecks: [createStorageCheck(backend)],
    endpoints: openIdEndpoints({ keys: secrets.serviceAccountKeys, issuerOf, hubUrl: () => externalUrl }),
    ...(audit ? { onRequest: audit } : {}),
    fallback: createPages({ version: options.version, handleJoin: join.handleJoin, logger }),
    upgrade: (request, socket, head, identity) => tunnel.upgrade(request, socket, head, identity),
    clock,
    logger,
  })
  const clientOf = (logicalCluster: string): Client =>
    createClient({
      transport: server.transport,
      basePath: `/clusters/${logicalCluster}`,
      identity: ownPart('controller'),
      userAgent: 'atoll-controller',
    })
  closers.push(
    () => server.close(),
    () => tunnel.close(),
  )

  // What every hub has.
  const url = (port: number) => `https://${options.host === '0.0.0.0' ? '127.0.0.1' : options.host}:${port}`
  const serving = await loadOrIssueServingCertificate(
    backend,
    secrets.certificateAuthority,
    servingNames(options),
    clock.now(),
  )
  const listening = await server.listen({
    host: options.host,
    port: options.port,
    key: serving.keyPem,
    cert: serving.certPem + caPem,
    clientCa: caPem,
    certificateIdentity: ({ subject }) => identityOfCertificate(subject),
  })
  externalUrl ||= url(listening.port)
  await openRoot({
    backend,
    store,
    contents: definitions.contents,
    caPem,
    url: `${externalUrl}/clusters/root`,
    nowMs: clock.now(),
  })
  await createBootstrapObjects(readBootstrapObjects(bootstrapFolder), clientOf)
  const kubeconfigPath = writeAdminKubeconfig(options.dataDir, secrets, externalUrl, clock.now())

  // Controllers.
  const stopped = new AbortController()
  const informers = createFleetInformers(clientOf('*'), logger)
  informers.childClusters.start(stopped.signal)
  informers.reports.start(stopped.signal)
  informers.publications.start(stopped.signal)
  informers.placements.start(stopped.signal)
  informers.placedNamespaces.start(stopped.signal)
  const tally = createDeliveryTally(backend)
  closers.push(() => tally.stop())
  const workspacePath = createPathReader(clientOf)
  const parts = { backend, catalog, reader, clock, logger, clientOf, informers, tally, hub, workspacePath }
  foresee = createForesight(parts)
  const deletion = { backend, catalog, store, user: ownPart('workspace-deletion') }
  const controllers: Controller[] = [
    workspaceController(parts, {
      deleteLogicalCluster: (name) => deleteLogicalCluster(deletion, name),
      store,
      user: deletion.user,
    }),
    namespaceController(parts),
    namespaceContentsController(parts, caPem),
    garbageCollectorController(parts),
    customResourceCleanupController(parts),
    customResourceNamesController(parts),
  ]
  if (!options.playsChildCluster)
    controllers.push(
      childClusterController(parts, (name) => deleteLogicalCluster(deletion, name)),
      childConnections({ ...parts, allowLocalDial: options.allowLocalDial, agentVersion: options.version }),
      placementController(parts),
      placementDecisionsController(parts),
      publicationController(parts),
    )
  closers.push(async () => {
    stopped.abort()
    await Promise.all(controllers.map((controller) => controller.stop()))
  })
  closers.push(compactRegularly(backend, clock, logger))
  void Promise.all(controllers.map((controller) => controller.start())).catch((error: unknown) =>
    logger.error('a controller could not start', { error }),
  )
  return { url: externalUrl, kubeconfigPath, clientOf, close }
}

interface Followers {
  authorizer: { invalidate(logicalCluster: string): void }
  catalog: { invalidate(logicalCluster: string): void }
  workspaces: { invalidate(): void }
}

/** Tells the caches above the store what has changed. */
function followChanges(backend: Backend, { authorizer, catalog, workspaces }: Followers): () => void {
  const rbac = `/${rbacGroup}/`
  const crds = '/apiextensions.k8s.io/customresourcedefinitions/'
  const steps = `/${tenancyGroup}/workspaces/`
  return backend.subscribe(({ events }) => {
    for (const { key } of events) {
      if (key.includes(steps)) workspaces.invalidate()
      const ofRbac = key.includes(rbac)
      if (!ofRbac && !key.includes(crds)) continue
      const address = parseObjectKey(key)
      if (!address) continue
      if (ofRbac) authorizer.invalidate(address.logicalCluster)
      else catalog.invalidate(address.logicalCluster)
    }
  })
}

function servingNames({ host, externalUrl, hubDomain }: HubOptions): { hosts: string[]; hubDomain?: string } {
  const hosts = [host, ...(externalUrl === undefined ? [] : [new URL(externalUrl).hostname])]
  return {
    hosts: hosts.filter((one) => one !== '0.0.0.0' && one !== '::'),
    ...(hubDomain === undefined ? {} : { hubDomain }),
  }
}

/** The administrator's way in, written anew at each start: whoever can read the data directory is the administrator. */
function writeAdminKubeconfig(dataDir: string, secrets: HubSecrets, hubUrl: string, nowMs: number): string {
  const admin = issueKeyPair(secrets.certificateAuthority, {
    subject: { commonName: 'admin', organizations: ['system:masters'] },
    usage: 'clientAuth',
    nowMs,
    lifetimeMs: adminLifetimeMs,
  })
  const kubeconfig = buildKubeconfig({
    caPem: secrets.certificateAuthority.certPem,
    userName: 'admin',
    credentials: admin,
    contexts: [{ name: 'root', server: `${hubUrl}/clusters/root` }],
  })
  const path = join(dataDir, 'admin.kubeconfig')
  const partial = `${path}.new`
  writeFileSync(partial, formatKubeconfig(kubeconfig), { mode: 0o600 })
  chmodSync(partial, 0o600)
  renameSync(partial, path)
  return path
}
