import type { Client } from '../../client/client.ts'
import { isNotFound } from '../../meta/api-errors.ts'
import {
  fleetApiVersion,
  fleetGroup,
  fleetVersion,
  managedLabel,
  placementLabel,
} from '../../meta/fleet/fleet-names.ts'
import type { Publication } from '../../meta/fleet/placement.ts'
import type { KubeObject } from '../../meta/object.ts'
import type { Narrator } from './narrator.ts'
import { type ChildName, childNames, type Stage } from './stage.ts'
import { createStoryCommands, type StoryCommands, until } from './story-commands.ts'

const configMaps = { group: '', version: 'v1', resource: 'configmaps' }
const deployments = { group: 'apps', version: 'v1', resource: 'deployments' }
const publications = { group: fleetGroup, version: fleetVersion, resource: 'publications' }
const crds = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' }
const databases = { group: 'demo.atoll.dev', version: 'v1', resource: 'databases' }
const replicas = 5

interface Deployment extends KubeObject {
  spec: { replicas?: number }
  status?: { readyReplicas?: number; availableReplicas?: number; updatedReplicas?: number; observedGeneration?: number }
}

interface Telling {
  stage: Stage
  narrator: Narrator
  commands: StoryCommands
}

/** The whole story, each chapter checking what it claims: a demo that lies fails. */
export async function tellStory(stage: Stage, narrator: Narrator): Promise<void> {
  const telling = { stage, narrator, commands: createStoryCommands(stage, narrator) }
  await workspaces(telling)
  await join(telling)
  await place(telling)
  await report(telling)
  await putBack(telling)
  await publish(telling)
  await unjoin(telling)
}

async function workspaces({ narrator, commands }: Telling): Promise<void> {
  narrator.chapter('Two workspaces: each is a cluster of its own to kubectl, and costs kilobytes')
  await commands.atoll('workspace', 'create', 'payments')
  await commands.atoll('workspace', 'create', 'shop')
  await commands.apply(
    'payments',
    'settings.yaml',
    [
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'settings', namespace: 'default' },
        data: { currency: 'EUR' },
      },
    ],
    'quietly',
  )
  await commands.get('payments', configMaps)
  await commands.get('shop', configMaps)
  narrator.say('What is in one workspace is invisible in the other.')
}

async function join({ narrator, commands }: Telling): Promise<void> {
  narrator.chapter('Two child clusters join (simulated ones, here)')
  for (const name of childNames) {
    const flags = ['--child-kubeconfig', 'kubeconfig', '--child-context', name, '--labels', `region=${name}`]
    await commands.atoll('join', name, ...flags)
  }
  await commands.atoll('clusters')
}

async function place({ stage, narrator, commands }: Telling): Promise<void> {
  narrator.chapter(`One Deployment, ${replicas} replicas, two clusters`)
  await commands.apply('payments', 'placement.yaml', [
    {
      apiVersion: fleetApiVersion,
      kind: 'Placement',
      metadata: { name: 'everywhere' },
      spec: { replicas: { strategy: 'Divide' } },
    },
  ])
  await commands.apply('payments', 'web.yaml', [webDeployment()])
  await until(`all ${replicas} replicas are ready on the children`, async () => {
    const copies = await Promise.all(childNames.map((name) => copyOf(stage, name)))
    return copies.map((copy) => copy?.status?.readyReplicas ?? 0).join() === '3,2'
  })
  for (const name of childNames) await commands.get(name, deployments, { allNamespaces: true, selector: managedLabel })
  narrator.say('3 and 2. The namespace is mapped: two workspaces that place the same names never meet.')
}

async function report({ stage, narrator, commands }: Telling): Promise<void> {
  narrator.chapter('Status comes back: the workspace sees one Deployment')
  const objects = stage.clientOf('payments').resource<Deployment>(deployments)
  narrator.command('kubectl --context payments rollout status deployment/web')
  await until('the rollout is complete in the workspace', async () => {
    const { status, metadata } = await objects.get({ namespace: 'default', name: 'web' })
    const seen = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0)
    return seen && status?.updatedReplicas === replicas && status.availableReplicas === replicas
  })
  narrator.output('deployment "web" successfully rolled out')
  await commands.get('payments', deployments)
}

async function putBack({ stage, narrator, commands }: Telling): Promise<void> {
  narrator.chapter('Somebody deletes the copy on a child cluster')
  const before = await until('the copy is there', () => copyOf(stage, 'east'))
  const namespace = before.metadata.namespace ?? ''
  await commands.delete('east', deployments, namespace, 'web')
  const startedMs = performance.now()
  await until('the copy is put back', async () => {
    const copy = await copyOf(stage, 'east')
    return copy !== undefined && copy.metadata.uid !== before.metadata.uid
  })
  narrator.say(`Put back after ${Math.round(performance.now() - startedMs)} ms.`)
  await until('its pods are ready', async () => (await copyOf(stage, 'east'))?.status?.readyReplicas === 3)
  await commands.get('east', deployments, { namespace })
}

async function publish({ stage, narrator, commands }: Telling): Promise<void> {
  narrator.chapter('A type, published once to every workspace and every cluster')
  commands.write('databases-crd.yaml', [databaseCrd()])
  const targets = ['--to-workspaces', 'root:*', '--to-clusters', '*']
  await commands.atoll('publish', '-f', 'databases-crd.yaml', '--name', 'databases', ...targets)
  await until('the type is everywhere', async () => {
    const found = await stage.clientOf('root').resource<Publication>(publications).get({ name: 'databases' })
    const reached = found.status?.targets ?? []
    return reached.length >= 4 && reached.every(({ ready }) => ready)
  })
  await commands.apply(
    'shop',
    'orders.yaml',
    [
      {
        apiVersion: 'demo.atoll.dev/v1',
        kind: 'Database',
        metadata: { name: 'orders', namespace: 'default' },
        spec: { engine: 'postgres' },
      },
    ],
    'quietly',
  )
  await commands.get('shop', databases)
  await commands.get('payments', databases)
  await commands.get('east', crds, { namespace: null })
  narrator.say('The type is served in both workspaces and both clusters; the object is only where it was made.')
}

async function unjoin({ stage, narrator, commands }: Telling): Promise<void> {
  narrator.chapter('A cluster leaves; the others take over')
  await commands.atoll('unjoin', 'east', '--workloads', 'keep')
  await until('east has no copy of ours left', async () => (await copyOf(stage, 'east')) === undefined)
  await until('west has all replicas', async () => (await copyOf(stage, 'west'))?.status?.readyReplicas === replicas)
  await commands.get('west', deployments, { allNamespaces: true, selector: managedLabel })
  await commands.get('east', deployments, { allNamespaces: true })
  narrator.say(
    'What runs in east keeps running there, but it is no longer ours: "--workloads delete" would take it along.',
  )
  await until('the workspace is whole again', async () => {
    const objects = stage.clientOf('payments').resource<Deployment>(deployments)
    const { status } = await objects.get({ namespace: 'default', name: 'web' })
    return status?.readyReplicas === replicas && status.availableReplicas === replicas
  })
  await commands.get('payments', deployments)
}

/** The Deployment `web` as a child has it, in whatever namespace. */
async function copyOf(stage: Stage, name: ChildName): Promise<Deployment | undefined> {
  const client: Client = stage.clientOf(name)
  try {
    const { items } = await client.resource<Deployment>(deployments).list({ labelSelector: managedLabel })
    return items.find(({ metadata }) => metadata.name === 'web' && !metadata.deletionTimestamp)
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

function webDeployment(): KubeObject {
  const labels = { app: 'web' }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default', labels: { [placementLabel]: 'everywhere' } },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'nginx' }] } },
    },
  }
}

function databaseCrd(): KubeObject {
  const spec = { type: 'object', properties: { engine: { type: 'string', enum: ['postgres', 'mariadb'] } } }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'databases.demo.atoll.dev' },
    spec: {
      group: 'demo.atoll.dev',
      scope: 'Namespaced',
      names: { plural: 'databases', singular: 'database', kind: 'Database', listKind: 'DatabaseList' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
          additionalPrinterColumns: [{ name: 'Engine', type: 'string', jsonPath: '.spec.engine' }],
        },
      ],
    },
  }
}
