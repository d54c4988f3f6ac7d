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
import { isIdentityMapped, namespaces, originOf } from './target-spaces.ts'

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

export interface EmptyNamespaces {
  /** Deletes the mapped namespace of a slot that is gone when it is ours and holds nothing. True when it did. */
  removeIfEmpty(spec: Delivery['spec']): Promise<boolean>
}

/** The caller has made sure that no slot points into the namespace any more. */
export function createEmptyNamespaces(child: ChildApi, hubId: string, logger: Logger): EmptyNamespaces {
  return {
    async removeIfEmpty(spec) {
      const name = spec.targetNamespace
      if (name === '' || isIdentityMapped(spec)) return false
      const live = await child.get(namespaces, { name })
      if (!live || live.metadata.deletionTimestamp) return false
      const { labels, annotations, uid = '' } = live.metadata
      if (labels?.[managedLabel] === undefined || annotations?.[namespaceOriginAnnotation] !== originOf(hubId, spec))
        return false
      const held = await firstForeign(child.self, name, isEverywhere)
      if (held !== undefined) {
        logger.debug('a mapped namespace is kept because it holds something', { namespace: name, holds: held })
        return false
      }
      await child.delete(namespaces, { name }, uid, undefined)
      return true
    },
  }
}

/** Something in the namespace besides what is expected there; a type that cannot be read may hold anything. */
export async function firstForeign(
  client: Client,
  namespace: string,
  isExpected: (gvr: GroupVersionResource, object: KubeObject) => boolean,
): Promise<string | undefined> {
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
): Promise<string | undefined> {
  try {
    const { items } = await client.resource(gvr).list({ namespace, metadataOnly: true, limit: 5 })
    const held = items.find((object) => !isExpected(gvr, object))
    return held && `${gvr.resource}/${held.metadata.name ?? ''}`
  } catch (error) {
    if (isForbidden(error)) return `${gvr.resource} (which the agent may not list)`
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
