import { sleep } from '../base/sleep.ts'
import type { Client, ResourceClient } from '../client/client.ts'
import { createClient, toApiStatusError } from '../client/create-client.ts'
import type { Transport } from '../client/transport.ts'
import { ignoreNotFound, isAlreadyExists } from '../meta/api-errors.ts'
import { agentNamespace } from '../meta/fleet/fleet-names.ts'
import { fromApiVersion, type GroupVersionResource } from '../meta/group-version.ts'
import type { KubeObject } from '../meta/object.ts'
import { agentServiceAccount, claimConfigMap, credentialsSecret } from './child-names.ts'
import { joinManifests, type JoinRequest } from './join-manifests.ts'
import { textAt } from './json-access.ts'

/** Why a child cluster cannot be joined, in one sentence. */
export class JoinError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'JoinError'
  }
}

export interface JoinChildOptions extends JoinRequest {
  /** Speaks to the child as its administrator; used for this and then forgotten. */
  childTransport: Transport
  /** Only says what would be made. */
  dryRun?: boolean
}

export interface JoinedChild {
  /** What was made, or would be. */
  manifests: KubeObject[]
  /** Takes back what this call was the first to make, when what comes after it has failed. Never throws. */
  undo(): Promise<void>
  /** uid of the child's kube-system namespace: unique in the hub. */
  clusterUid: string
  kubernetesVersion: string
}

const resourceOfKind = new Map([
  ['Namespace', 'namespaces'],
  ['ConfigMap', 'configmaps'],
  ['ServiceAccount', 'serviceaccounts'],
  ['ClusterRole', 'clusterroles'],
  ['ClusterRoleBinding', 'clusterrolebindings'],
  ['Role', 'roles'],
  ['RoleBinding', 'rolebindings'],
])

/**
 * Makes what a child cluster needs to be served. The claim is created and never overwritten: a child that belongs to
 * another hub, or to another ChildCluster of this one, is refused with its owner's name. Joining again as the same
 * ChildCluster brings everything up to date.
 */
export async function joinChildCluster(options: JoinChildOptions): Promise<JoinedChild> {
  const child = createClient({ transport: options.childTransport, userAgent: 'atoll-join' })
  const facts = await readIdentity(child)
  if (options.dryRun) {
    const owner = await readClaim(child)
    if (owner) requireOwn(owner, options)
    return { manifests: joinManifests(options), ...facts, undo: async () => {} }
  }
  const before = await untilNotTerminating(child)
  const made: { resource: ResourceClient<KubeObject>; object: KubeObject }[] = []
  const undo = async () => {
    for (const { resource, object } of made.splice(0).reverse()) {
      const { name = '', namespace, uid = '' } = object.metadata
      const objectName = namespace === undefined ? { name } : { namespace, name }
      // Somebody who may not delete could hardly have created.
      await resource.delete(objectName, { preconditions: { uid } }).catch(() => undefined)
    }
  }
  try {
    const [first, ...others] = joinManifests(options)
    const namespace = await apply(child, first as KubeObject)
    if (!before) made.push({ resource: child.resource(namespaces), object: namespace })
    const rest = joinManifests(options, namespace.metadata.uid).slice(1)
    for (const manifest of rest) {
      if (manifest.metadata.name !== claimConfigMap) await apply(child, manifest)
      else {
        const claimed = await claim(child, manifest, options)
        if (claimed) made.push({ resource: child.resource(resourceOf(manifest)), object: claimed })
      }
    }
    return { manifests: [first as KubeObject, ...others], ...facts, undo }
  } catch (error) {
    await undo()
    throw error
  }
}

const namespaces = { group: '', version: 'v1', resource: 'namespaces' }
const terminationMs = 60_000
const pollMs = 250

/** A cluster that has just left has its namespace on the way out: what is made in it now would go with it. */
async function untilNotTerminating(child: Client): Promise<KubeObject | undefined> {
  const endMs = Date.now() + terminationMs
  for (;;) {
    const live = await child.resource(namespaces).get({ name: agentNamespace }).catch(ignoreNotFound)
    if (live?.metadata.deletionTimestamp === undefined) return live
    if (Date.now() > endMs)
      throw new JoinError(`the namespace ${agentNamespace} of an earlier join is still being deleted in this cluster`)
    await sleep(pollMs)
  }
}

function apply(child: Client, manifest: KubeObject): Promise<KubeObject> {
  const { name = '', namespace } = manifest.metadata
  const objectName = namespace === undefined ? { name } : { namespace, name }
  const write = { fieldManager: 'atoll-join', force: true }
  return child.resource(resourceOf(manifest)).patch(objectName, { type: 'apply', body: manifest }, write)
}

/** The claim when it was made now; undefined when it is ours already. */
async function claim(child: Client, manifest: KubeObject, request: JoinRequest): Promise<KubeObject | undefined> {
  try {
    return await child.resource(resourceOf(manifest)).create(manifest)
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    requireOwn((await readClaim(child)) ?? {}, request)
    return undefined
  }
}

async function readClaim(child: Client): Promise<Record<string, string> | undefined> {
  const response = await child.raw({
    method: 'GET',
    path: `/api/v1/namespaces/${agentNamespace}/configmaps/${claimConfigMap}`,
  })
  if (response.status === 404) return undefined
  if (response.status >= 400) throw toApiStatusError(response, response.body)
  const object = JSON.parse(new TextDecoder().decode(response.body)) as KubeObject
  return (object['data'] ?? {}) as Record<string, string>
}

function requireOwn(owner: Readonly<Record<string, string>>, { hubId, childClusterUid }: JoinRequest): void {
  if (owner['hubId'] === hubId && owner['childClusterUid'] === childClusterUid) return
  throw new JoinError(
    `this cluster already belongs to hub ${owner['hubId'] ?? '?'} as child cluster "${owner['name'] ?? '?'}": ` +
      `unjoin it there, or, when that hub is gone or has forgotten it, run "kubectl delete namespace ${agentNamespace}" in this cluster`,
  )
}

async function readIdentity(child: Client): Promise<{ clusterUid: string; kubernetesVersion: string }> {
  const system = await child.resource({ group: '', version: 'v1', resource: 'namespaces' }).get({ name: 'kube-system' })
  const version = await child.raw({ method: 'GET', path: '/version' })
  const gitVersion = textAt(JSON.parse(new TextDecoder().decode(version.body)) as unknown, 'gitVersion')
  requireVersion(gitVersion ?? '')
  return { clusterUid: system.metadata.uid ?? '', kubernetesVersion: gitVersion ?? '' }
}

/**
 * The oldest minor version whose namespaces enforce the pod security standard, which deliveries rely on; older ones
 * refuse some server-side applies, too.
 */
const oldestMinor = 25

function requireVersion(gitVersion: string): void {
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? []
  if (major === undefined || Number(major) > 1 || Number(minor) >= oldestMinor) return
  throw new JoinError(
    `this cluster runs Kubernetes ${gitVersion}, and 1.${oldestMinor} is the oldest that can be joined`,
  )
}

function resourceOf({ apiVersion = '', kind = '' }: KubeObject): GroupVersionResource {
  const groupVersion = fromApiVersion(apiVersion)
  const resource = resourceOfKind.get(kind)
  if (!groupVersion || resource === undefined) throw new Error(`no resource for ${apiVersion} ${kind}`)
  return { ...groupVersion, resource }
}

export interface AgentToken {
  token: string
  /** RFC 3339; a hub that stores the token asks for a new one well before. */
  expires: string
}

const defaultLifetimeSeconds = 7 * 24 * 3600

/**
 * A token of the agent's ServiceAccount, bound to a Secret in the child: whoever deletes that Secret there has taken the
 * hub's access away. With the token itself a new one can be minted, before it expires.
 */
export async function mintAgentToken(
  childTransport: Transport,
  lifetimeSeconds = defaultLifetimeSeconds,
): Promise<AgentToken> {
  const child = createClient({ transport: childTransport, userAgent: 'atoll-join' })
  const secrets = child.resource({ group: '', version: 'v1', resource: 'secrets' })
  const name = { namespace: agentNamespace, name: credentialsSecret }
  const empty: KubeObject = { apiVersion: 'v1', kind: 'Secret', metadata: name, type: 'Opaque' }
  const secret = await secrets.create(empty).catch(async (error: unknown) => {
    if (!isAlreadyExists(error)) throw error
    return secrets.get(name)
  })
  const request: KubeObject = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: { name: agentServiceAccount, namespace: agentNamespace },
    spec: {
      expirationSeconds: lifetimeSeconds,
      boundObjectRef: { apiVersion: 'v1', kind: 'Secret', name: credentialsSecret, uid: secret.metadata.uid },
    },
  }
  const accounts = child.resource({ group: '', version: 'v1', resource: 'serviceaccounts' })
  const answer = await accounts.create(request, { subresource: 'token' })
  const token = textAt(answer['status'], 'token')
  const expires = textAt(answer['status'], 'expirationTimestamp')
  if (token === undefined || expires === undefined) throw new JoinError('the child cluster gave no token')
  return { token, expires }
}
