import type { Client, ObjectName } from '../client/client.ts'
import { createClient, toApiStatusError } from '../client/create-client.ts'
import type { Transport } from '../client/transport.ts'
import { isApiStatusError, isNotFound } from '../meta/api-errors.ts'
import { deliveryAnnotation, managedLabel, agentNamespace } from '../meta/fleet/fleet-names.ts'
import { toApiPath, type GroupVersionResource } from '../meta/group-version.ts'
import type { JsonObject, KubeObject } from '../meta/object.ts'
import { fieldManager, sourceUidAnnotation, workspaceServiceAccount } from './child-names.ts'

/** As whom a write is made: as a workspace's ServiceAccount, or (undefined) as the agent itself. */
export type Actor = string | undefined

export interface ApplyOptions {
  actor: Actor
  force?: boolean
  dryRun?: boolean
  manager?: string
}

/** The child cluster, as the syncer sees it. Every method that changes something first asks whether it may. */
export interface ChildApi {
  /** Reads, and the agent's own namespace. */
  readonly self: Client
  get(gvr: GroupVersionResource, name: ObjectName): Promise<KubeObject | undefined>
  /** Server-side apply. `metadata.uid` and `resourceVersion`, when set, must be those of the object that is there. */
  apply(gvr: GroupVersionResource, object: KubeObject, options: ApplyOptions): Promise<KubeObject>
  create(gvr: GroupVersionResource, object: KubeObject): Promise<KubeObject>
  /** True when the object is gone; false when it is on its way out (grace period, finalizers). */
  delete(gvr: GroupVersionResource, name: ObjectName, uid: string, actor: Actor): Promise<boolean>
  /** Takes our label and marks off an object and leaves everything else as it is. */
  release(gvr: GroupVersionResource, live: KubeObject, actor: Actor): Promise<void>
}

/** The syncer has lost its lease, or the hub is not the one that it knows: nothing was sent. */
export class NotActingError extends Error {
  constructor() {
    super('the syncer may not act now')
    this.name = 'NotActingError'
  }
}

const releasedKeys = [deliveryAnnotation, sourceUidAnnotation]

export function createChildApi(transport: Transport, mayAct: () => boolean): ChildApi {
  const userAgent = 'atoll-syncer'
  const self = createClient({ transport, userAgent })
  const actors = new Map<string, Client>()

  function clientAs(actor: Actor): Client {
    if (actor === undefined) return self
    let client = actors.get(actor)
    if (!client) {
      const user = `system:serviceaccount:${agentNamespace}:${workspaceServiceAccount(actor)}`
      client = createClient({ transport, userAgent, headers: { 'impersonate-user': user } })
      actors.set(actor, client)
    }
    return client
  }
  function requireRight(): void {
    if (!mayAct()) throw new NotActingError()
  }

  return {
    self,
    get: (gvr, name) => self.resource(gvr).get(name).catch(ignoreMissingObject),
    async apply(gvr, object, { actor, force = false, dryRun = false, manager = fieldManager }) {
      requireRight()
      const { name = '', namespace } = object.metadata
      const response = await clientAs(actor).raw({
        method: 'PATCH',
        path: pathOf(gvr, namespace === undefined ? { name } : { namespace, name }),
        query: { fieldManager: manager, force, ...(dryRun ? { dryRun: 'All' } : {}) },
        headers: { 'content-type': 'application/apply-patch+yaml' },
        body: JSON.stringify(object),
      })
      if (response.status >= 400) throw toApiStatusError(response, response.body)
      return JSON.parse(new TextDecoder().decode(response.body)) as KubeObject
    },
    async create(gvr, object) {
      requireRight()
      return self.resource(gvr).create(object, { fieldManager })
    },
    async delete(gvr, name, uid, actor) {
      requireRight()
      const options = { propagationPolicy: 'Background', preconditions: { uid } } as const
      try {
        const answer = await clientAs(actor).resource(gvr).delete(name, options)
        return answer.kind === 'Status' || answer.metadata.uid === undefined
      } catch (error) {
        if (ignoreMissingObject(error) === undefined) return true
        throw error
      }
    },
    async release(gvr, live, actor) {
      requireRight()
      const { name = '', namespace, uid = '', resourceVersion = '', managedFields = [] } = live.metadata
      const others = managedFields.filter(({ manager, operation }) => manager !== fieldManager || operation !== 'Apply')
      const body = {
        metadata: {
          uid,
          resourceVersion,
          labels: { [managedLabel]: null },
          annotations: Object.fromEntries(releasedKeys.map((key) => [key, null])),
          // An empty list would mean "as it was"; one empty entry clears it.
          managedFields: others.length > 0 ? others : [{}],
        },
      } as unknown as JsonObject
      const objectName = namespace === undefined ? { name } : { namespace, name }
      await clientAs(actor).resource(gvr).patch(objectName, { type: 'merge', body })
    },
  }
}

function pathOf(gvr: GroupVersionResource, { namespace, name }: ObjectName): string {
  const scope = namespace ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  return `${toApiPath(gvr)}${scope}/${gvr.resource}/${encodeURIComponent(name)}`
}

/** A 404 about a named object means that it is not there; one about the path means that the type is not served. */
export function isTypeMissing(error: unknown): boolean {
  return isNotFound(error) && isApiStatusError(error) && !error.status.details?.name
}

export function ignoreMissingObject(error: unknown): undefined {
  if (isNotFound(error) && !isTypeMissing(error)) return undefined
  throw error
}
