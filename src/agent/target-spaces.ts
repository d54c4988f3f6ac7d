import { isAlreadyExists, isConflict } from '../meta/api-errors.ts'
import type { Delivery } from '../meta/fleet/delivery.ts'
import { agentNamespace, managedLabel, namespaceOriginAnnotation } from '../meta/fleet/fleet-names.ts'
import type { KubeObject } from '../meta/object.ts'
import type { ChildApi } from './child-api.ts'
import { profileClusterRole, workspaceRoleBinding, workspaceServiceAccount } from './child-names.ts'
import { observe, type ObservedObject, type TypeWatch } from './child-watches.ts'
import { refuse, type Refusal } from './refusal.ts'

export const namespaces = { group: '', version: 'v1', resource: 'namespaces' }
export const serviceAccounts = { group: '', version: 'v1', resource: 'serviceaccounts' }
export const roleBindings = { group: 'rbac.authorization.k8s.io', version: 'v1', resource: 'rolebindings' }

/** Namespaces of the child itself: never a target, whatever a slot says. */
const ownNamespaces = new Set(['kube-system', 'kube-public', 'kube-node-lease', agentNamespace])

/** The namespaces, ServiceAccounts and bindings that deliveries need; made once and remembered. */
export interface TargetSpaces {
  /** Makes what is missing; a refusal when the namespace belongs to somebody else. */
  ensure(spec: Delivery['spec']): Promise<Refusal | undefined>
  /** The child refused the workspace's ServiceAccount: what is remembered about its rights is looked at again. */
  forget(spec: Delivery['spec']): void
  /** Nothing is delivered into the namespace meanwhile: between the look that finds it empty and its end, nothing enters. */
  whileClosed<T>(namespace: string, work: () => Promise<T>): Promise<T>
}

export interface TargetSpacesOptions {
  child: ChildApi
  hubId: string
  watch: TypeWatch
}

export function originOf(hubId: string, { source }: Delivery['spec']): string {
  return `${hubId}/${source.logicalCluster}/${source.namespace}`
}

/** Identity mapping: the child belongs to one workspace, and what is there already is as good as ours. */
export function isIdentityMapped({ source, targetNamespace }: Delivery['spec']): boolean {
  return source.namespace === targetNamespace
}

export function createTargetSpaces({ child, hubId, watch }: TargetSpacesOptions): TargetSpaces {
  const accounts = new Map<string, Promise<void>>() // by logical cluster
  const bindings = new Map<string, Promise<void>>() // by namespace, its uid and logical cluster
  const closed = new Map<string, number>() // how many are at work in it
  const foreign = new Set<string>() // existing namespaces that identity mapping uses as they are

  /** Work under way is shared; work that failed is forgotten, so that the next one tries again. */
  function once(known: Map<string, Promise<void>>, key: string, make: () => Promise<void>): Promise<void> {
    let promise = known.get(key)
    if (!promise) {
      promise = make()
      known.set(key, promise)
      promise.catch(() => known.delete(key))
    }
    return promise
  }

  async function findNamespace(marked: KubeObject): Promise<ObservedObject | undefined> {
    const { name = '', annotations } = marked.metadata
    const known = watch.get('', name)
    if (known) return known
    const live = await child.get(namespaces, { name })
    if (!live) return undefined
    if (live.metadata.labels?.[managedLabel] !== undefined) return watch.note(live)
    const found = observe(live)
    if (found.deleting || found.origin !== annotations?.[namespaceOriginAnnotation]) return found
    // It has outlasted an earlier time of the child at this hub.
    const own = { ...marked, metadata: { ...marked.metadata, uid: found.uid } }
    return watch.note(await child.apply(namespaces, own, { actor: undefined, force: true }))
  }

  async function ensureNamespace(spec: Delivery['spec']): Promise<{ uid: string } | Refusal> {
    const name = spec.targetNamespace
    if (ownNamespaces.has(name)) return refuse('NotOurs', `the namespace ${name} belongs to the child cluster itself`)
    if (foreign.has(name)) return { uid: '' }
    const origin = originOf(hubId, spec)
    const marked = newNamespace(name, origin, isIdentityMapped(spec))
    let found = await findNamespace(marked)
    if (!found) {
      try {
        found = watch.note(await child.create(namespaces, marked))
      } catch (error) {
        if (!isAlreadyExists(error)) throw error
        found = await findNamespace(marked)
      }
    }
    if (!found || found.deleting)
      return refuse('Pending', `the namespace ${name} is being deleted in the child cluster`)
    if (found.origin === origin) return { uid: found.uid }
    if (found.origin === undefined && isIdentityMapped(spec)) {
      foreign.add(name)
      return { uid: '' }
    }
    return refuse('NotOurs', `the namespace ${name} exists in the child cluster and is not ours`)
  }

  async function ensureAccount(logicalCluster: string): Promise<void> {
    const object: KubeObject = {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: {
        name: workspaceServiceAccount(logicalCluster),
        namespace: agentNamespace,
        labels: { [managedLabel]: 'true' },
        annotations: { [namespaceOriginAnnotation]: `${hubId}/${logicalCluster}` },
      },
      automountServiceAccountToken: false,
    }
    await child.create(serviceAccounts, object).catch(ignoreExisting)
  }

  async function ensureBinding({ targetNamespace, source }: Delivery['spec']): Promise<void> {
    const subject = workspaceServiceAccount(source.logicalCluster)
    const object = newRoleBinding(targetNamespace, subject)
    await child.create(roleBindings, object).catch(async (error: unknown) => {
      if (!isAlreadyExists(error)) throw error
      const live = await child.get(roleBindings, { namespace: targetNamespace, name: workspaceRoleBinding })
      if (live && JSON.stringify(live['roleRef']) !== JSON.stringify(object['roleRef']))
        throw new Error(`the RoleBinding ${workspaceRoleBinding} in ${targetNamespace} binds another role`)
      await child.apply(roleBindings, object, { actor: undefined, force: true })
    })
  }

  const bindingKey = (spec: Delivery['spec'], uid: string) =>
    `${spec.targetNamespace}/${uid}/${spec.source.logicalCluster}`
  return {
    async ensure(spec) {
      if (spec.targetNamespace === '') return undefined
      if (closed.has(spec.targetNamespace))
        return refuse('Pending', `the namespace ${spec.targetNamespace} was empty and is being removed`)
      const { logicalCluster } = spec.source
      const account =
        spec.applyAs === 'workspace' ? once(accounts, logicalCluster, () => ensureAccount(logicalCluster)) : undefined
      account?.catch(() => {}) // awaited below, after the namespace
      const namespace = await ensureNamespace(spec)
      if ('reason' in namespace) return namespace
      if (!account) return undefined
      await account
      await once(bindings, bindingKey(spec, namespace.uid), () => ensureBinding(spec))
      return undefined
    },
    async whileClosed(namespace, work) {
      closed.set(namespace, (closed.get(namespace) ?? 0) + 1)
      try {
        return await work()
      } finally {
        const others = (closed.get(namespace) ?? 1) - 1
        if (others === 0) closed.delete(namespace)
        else closed.set(namespace, others)
      }
    },
    forget(spec) {
      const uid = foreign.has(spec.targetNamespace) ? '' : (watch.get('', spec.targetNamespace)?.uid ?? '')
      bindings.delete(bindingKey(spec, uid))
      accounts.delete(spec.source.logicalCluster)
    },
  }
}

function newNamespace(name: string, origin: string, identity: boolean): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name,
      labels: {
        [managedLabel]: 'true',
        ...(identity ? {} : { 'pod-security.kubernetes.io/enforce': 'baseline' }),
      },
      annotations: { [namespaceOriginAnnotation]: origin },
    },
  }
}

function newRoleBinding(namespace: string, serviceAccount: string): KubeObject {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: workspaceRoleBinding, namespace, labels: { [managedLabel]: 'true' } },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: profileClusterRole },
    subjects: [{ kind: 'ServiceAccount', name: serviceAccount, namespace: agentNamespace }],
  }
}

function ignoreExisting(error: unknown): void {
  if (!isAlreadyExists(error) && !isConflict(error)) throw error
}
