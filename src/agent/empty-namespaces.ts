import type { Logger } from '../base/logger.ts'
import type { Client } from '../client/client.ts'
import { toApiStatusError } from '../client/create-client.ts'
import { isForbidden, isNotFound } from '../meta/api-errors.ts'
import type { Delivery } from '../meta/fleet/delivery.ts'
import { managedLabel, namespaceOriginAnnotation } from '../meta/fleet/fleet-names.ts'
import { fromApiVersion, type GroupVersionResource } from '../meta/group-version.ts'
import type { KubeObject } from '../meta/object.ts'
import type { ChildApi } from './child-api.ts'
import { workspaceRoleBinding } from './child-names.ts'
import { recordsAt, textAt } from './json-access.ts'
import { isIdentityMapped, namespaces, originOf, type TargetSpaces } from './target-spaces.ts'

/** Written by the cluster about other objects: they hold nothing that anybody would miss. */
const derived = new Set([
  'events',
  'events.events.k8s.io',
  'endpoints',
  'endpointslices.discovery.k8s.io',
  'controllerrevisions.apps',
  'leases.coordination.k8s.io',
  'pods.metrics.k8s.io',
])

/** `Gone`: it is not there, or not ours. `Emptying`: what it holds is on its way out. `Held`: somebody uses it. */
export type Emptiness = 'Gone' | 'Emptying' | 'Held'

export interface EmptyNamespaces {
  /** Deletes the mapped namespace of a slot that is gone when it is ours and holds nothing. */
  removeIfEmpty(spec: Delivery['spec']): Promise<Emptiness>
  /** The same for every mapped namespace of this hub that is not in use: what emptied while nobody looked. */
  removeUnused(isUsed: (namespace: string) => boolean): Promise<void>
}

/** The caller has made sure that no slot points into the namespace any more. */
export function createEmptyNamespaces({
  child,
  spaces,
  hubId,
  logger,
}: {
  child: ChildApi
  spaces: TargetSpaces
  hubId: string
  logger: Logger
}): EmptyNamespaces {
  async function removeOwn({ metadata }: KubeObject): Promise<Emptiness> {
    const { name = '', uid = '' } = metadata
    const held = await firstForeign(child.self, name, isEverywhere)
    if (held !== undefined) {
      logger.debug('a mapped namespace is kept because it holds something', { namespace: name, holds: held.what })
      return held.isGoing ? 'Emptying' : 'Held'
    }
    await child.delete(namespaces, { name }, uid, undefined)
    return 'Gone'
  }

  return {
    async removeIfEmpty(spec) {
      const name = spec.targetNamespace
      if (name === '' || isIdentityMapped(spec)) return 'Gone'
      const live = await child.get(namespaces, { name })
      if (!live || live.metadata.deletionTimestamp) return 'Gone'
      const { labels, annotations } = live.metadata
      if (labels?.[managedLabel] === undefined || annotations?.[namespaceOriginAnnotation] !== originOf(hubId, spec))
        return 'Gone'
      return removeOwn(live)
    },
    async removeUnused(isUsed) {
      for await (const live of child.self.resource(namespaces).listAll({ labelSelector: managedLabel })) {
        const { name = '', annotations, deletionTimestamp } = live.metadata
        const origin = annotations?.[namespaceOriginAnnotation] ?? ''
        // One that is called as in the workspace was there, or is the child's own to keep.
        const isMapped = origin.startsWith(`${hubId}/`) && !origin.endsWith(`/${name}`)
        if (!isMapped || deletionTimestamp || isUsed(name)) continue
        await spaces.whileClosed(name, async () => isUsed(name) || removeOwn(live))
      }
    },
  }
}

/** Something in a namespace; `isGoing` when it is being deleted, or is somebody's whose end takes it along. */
interface Held {
  what: string
  isGoing: boolean
}

/** Something in the namespace besides what is expected there; a type that cannot be read may hold anything. */
export async function firstForeign(
  client: Client,
  namespace: string,
  isExpected: (gvr: GroupVersionResource, object: KubeObject) => boolean,
): Promise<Held | undefined> {
  for (const gvr of await namespacedTypes(client)) {
    const held = await firstOfType(client, gvr, namespace, isExpected)
    if (held !== undefined) return held
  }
  return undefined
}

async function firstOfType(
  client: Client,
  gvr: GroupVersionResource,
  namespace: string,
  isExpected: (gvr: GroupVersionResource, object: KubeObject) => boolean,
): Promise<Held | undefined> {
  try {
    const { items } = await client.resource(gvr).list({ namespace, metadataOnly: true, limit: 5 })
    const held = items.find((object) => !isExpected(gvr, object))
    if (!held) return undefined
    const { name = '', deletionTimestamp, ownerReferences = [] } = held.metadata
    return { what: `${gvr.resource}/${name}`, isGoing: deletionTimestamp !== undefined || ownerReferences.length > 0 }
  } catch (error) {
    if (isForbidden(error)) return { what: `${gvr.resource} (which the agent may not list)`, isGoing: false }
    if (isNotFound(error)) return undefined
    throw error
  }
}

/** What every namespace has, and our binding. */
export function isEverywhere({ group, resource }: GroupVersionResource, { metadata }: KubeObject): boolean {
  if (group === '' && resource === 'configmaps') return metadata.name === 'kube-root-ca.crt'
  if (group === '' && resource === 'serviceaccounts') return metadata.name === 'default'
  return resource === 'rolebindings' && metadata.name === workspaceRoleBinding
}

async function namespacedTypes(client: Client): Promise<GroupVersionResource[]> {
  const read = async (path: string): Promise<unknown> => {
    const response = await client.raw({ method: 'GET', path })
    if (response.status >= 400) throw toApiStatusError(response, response.body)
    return JSON.parse(new TextDecoder().decode(response.body)) as unknown
  }
  const groups = recordsAt(await read('/apis'), 'groups')
  const paths = groups.map((group) => textAt(group, 'preferredVersion', 'groupVersion') ?? '')
  const lists = await Promise.all(['/api/v1', ...paths.map((path) => `/apis/${path}`)].map(read))
  return lists.flatMap((list) => {
    const groupVersion = fromApiVersion(textAt(list, 'groupVersion') ?? '')
    if (!groupVersion) return []
    return recordsAt(list, 'resources').flatMap((one): GroupVersionResource[] => {
      const resource = textAt(one, 'name') ?? ''
      const verbs = one['verbs']
      const listable = Array.isArray(verbs) && verbs.includes('list') && one['namespaced'] === true
      const qualified = groupVersion.group === '' ? resource : `${resource}.${groupVersion.group}`
      return listable && !derived.has(qualified) ? [{ ...groupVersion, resource }] : []
    })
  })
}
