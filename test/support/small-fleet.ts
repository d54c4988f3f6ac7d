import { createNarrator } from '../../src/cli/demo/narrator.ts'
import { type ChildName, type Stage, startStage } from '../../src/cli/demo/stage.ts'
import { createStoryCommands } from '../../src/cli/demo/story-commands.ts'
import type { Client } from '../../src/client/client.ts'
import { isNotFound } from '../../src/meta/api-errors.ts'
import { fleetApiVersion, placementStatusAnnotation } from '../../src/meta/fleet/fleet-names.ts'
import { fromApiVersion } from '../../src/meta/group-version.ts'
import type { Condition, KubeObject } from '../../src/meta/object.ts'
import { eventually } from './eventually.ts'
import { createTempDir } from './temp-dir.ts'

/** A hub and two SIMULATED child clusters in this process, and a tenant in the workspace `root:shop`. */
export interface SmallFleet extends AsyncDisposable {
  readonly stage: Stage
  /** In the tenant's workspace, over the network. */
  readonly tenant: Client
  readonly root: Client
  /** Types an `atoll` command, as in the demo. */
  atoll(...words: readonly string[]): Promise<void>
  join(name: ChildName, ...flags: readonly string[]): Promise<void>
  apply(client: Client, object: KubeObject): Promise<KubeObject>
  get(client: Client, kind: string, name: string, namespace?: string): Promise<KubeObject | undefined>
  /** What the annotation says about an object's placement. */
  told(kind: string, name: string): Promise<string | undefined>
  /** Events about an object of the tenant, by reason. */
  events(name: string): Promise<Record<string, KubeObject>>
  untilTold(kind: string, name: string, what: RegExp | undefined): Promise<void>
}

/** Plurals and versions of the kinds that the tests use. */
const kinds: Readonly<Record<string, { apiVersion: string; resource: string }>> = {
  ConfigMap: { apiVersion: 'v1', resource: 'configmaps' },
  Deployment: { apiVersion: 'apps/v1', resource: 'deployments' },
  Service: { apiVersion: 'v1', resource: 'services' },
  ClusterRole: { apiVersion: 'rbac.authorization.k8s.io/v1', resource: 'clusterroles' },
  RoleBinding: { apiVersion: 'rbac.authorization.k8s.io/v1', resource: 'rolebindings' },
  CustomResourceDefinition: { apiVersion: 'apiextensions.k8s.io/v1', resource: 'customresourcedefinitions' },
  Widget: { apiVersion: 'example.com/v1', resource: 'widgets' },
  Namespace: { apiVersion: 'v1', resource: 'namespaces' },
  Workspace: { apiVersion: 'tenancy.kcp.io/v1alpha1', resource: 'workspaces' },
  Placement: { apiVersion: fleetApiVersion, resource: 'placements' },
  Publication: { apiVersion: fleetApiVersion, resource: 'publications' },
  ChildCluster: { apiVersion: fleetApiVersion, resource: 'childclusters' },
}

export function resourceOf(kind: string) {
  const known = kinds[kind]
  const groupVersion = known && fromApiVersion(known.apiVersion)
  if (!known || !groupVersion) throw new Error(`the test does not know the kind ${kind}`)
  return { ...groupVersion, resource: known.resource }
}

export async function startSmallFleet(): Promise<SmallFleet> {
  const folder = await createTempDir('fleet')
  const stage = await startStage(folder.path, 'silent')
  const commands = createStoryCommands(
    stage,
    createNarrator(() => {}),
  )
  const [root, tenant] = [stage.clientOf('root'), stage.clientOf('shop')]
  await commands.atoll('workspace', 'create', 'shop')
  const get = async (client: Client, kind: string, name: string, namespace?: string) => {
    const objectName = namespace === undefined ? { name } : { namespace, name }
    try {
      return await client.resource(resourceOf(kind)).get(objectName)
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }
  const told = async (kind: string, name: string) => {
    const namespace = kind === 'ClusterRole' || kind === 'CustomResourceDefinition' ? undefined : 'default'
    return (await get(tenant, kind, name, namespace))?.metadata.annotations?.[placementStatusAnnotation]
  }
  return {
    stage,
    tenant,
    root,
    atoll: (...words) => commands.atoll(...words),
    join: (name, ...flags) =>
      commands.atoll('join', name, '--child-kubeconfig', 'kubeconfig', '--child-context', name, ...flags),
    apply(client, object) {
      const { name = '', namespace } = object.metadata
      const objectName = namespace === undefined ? { name } : { namespace, name }
      const write = { fieldManager: 'kubectl', force: true }
      return client.resource(resourceOf(object.kind ?? '')).patch(objectName, { type: 'apply', body: object }, write)
    },
    get,
    told,
    async events(name) {
      const resource = tenant.resource({ group: '', version: 'v1', resource: 'events' })
      const { items } = await resource.list({ namespace: 'default', fieldSelector: `involvedObject.name=${name}` })
      return Object.fromEntries(items.map((event) => [String(event['reason']), event]))
    },
    async untilTold(kind, name, what) {
      const says = what === undefined ? 'nothing' : String(what)
      await eventually(
        async () => {
          const text = await told(kind, name)
          if (what === undefined ? text === undefined : text !== undefined && what.test(text)) return true
          throw new Error(`it says ${text}`)
        },
        { what: `${kind} ${name} says ${says}`, timeoutMs: 20_000 },
      )
    },
    async [Symbol.asyncDispose]() {
      await stage.close()
      await folder.remove()
    },
  }
}

export function conditionOf(object: KubeObject | undefined, type: string): Condition | undefined {
  const { conditions = [] } = (object?.['status'] ?? {}) as { conditions?: Condition[] }
  return conditions.find((condition) => condition.type === type)
}
