import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { Client } from '../../client/client.ts'
import { fleetApiVersion, fleetGroup, fleetVersion } from '../../meta/fleet/fleet-names.ts'
import type { KubeObject } from '../../meta/object.ts'
import { parseYamlDocuments } from '../../meta/yaml.ts'
import { CliError } from '../cli-error.ts'
import { openHubSession, resolveWorkspacePath, type SessionOptions } from '../hub-session.ts'
import { parseLabels } from './join.ts'

interface PublishFlags extends SessionOptions {
  filename: string
  name: string
  workspace?: string
  toWorkspaces?: string
  toClusters?: string
  conflict?: string
  allowNarrowing?: boolean
}

const conflictPolicies = new Set(['Refuse', 'AdoptIfEqual', 'Overwrite'])
const crds = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' }
const publications = { group: fleetGroup, version: fleetVersion, resource: 'publications' }

/** `atoll publish -f CRDS`: installs CRDs in a workspace and publishes them from there. */
export function addPublishCommand(program: Command, print: (text: string) => void): void {
  program
    .command('publish')
    .description('give CRDs to workspaces and child clusters')
    .requiredOption('-f, --filename <file>', 'YAML file with CustomResourceDefinitions')
    .option('--name <name>', 'name of the Publication', 'published')
    .option('--workspace <path>', 'workspace to publish from (default: the current one)')
    .option('--to-workspaces <paths>', 'workspace paths, a subtree with :*, comma-separated')
    .option('--to-clusters <k=v,…|*>', 'labels of child clusters, or * for all')
    .option('--conflict <policy>', 'where a type of the same name is there already: Refuse, AdoptIfEqual or Overwrite')
    .option('--allow-narrowing', 'replace wider definitions although objects of the type are stored')
    .action(async function runPublish(this: Command) {
      const flags = this.optsWithGlobals<PublishFlags>()
      const session = openHubSession(flags)
      try {
        const client = session.clientOf(resolveWorkspacePath(flags.workspace ?? '.', session.currentPath))
        await publish(client, flags, print)
      } finally {
        session.close()
      }
    })
}

async function publish(client: Client, flags: PublishFlags, print: (text: string) => void): Promise<void> {
  const found = readCrds(flags.filename)
  if (flags.toWorkspaces === undefined && flags.toClusters === undefined)
    throw new CliError('say where to: --to-workspaces, --to-clusters, or both', 2)
  const { conflict } = flags
  if (conflict !== undefined && !conflictPolicies.has(conflict))
    throw new CliError(`--conflict ${conflict} is unknown: use ${[...conflictPolicies].join(', ')}`, 2)
  const write = { fieldManager: 'atoll-publish', force: true }
  for (const crd of found) {
    const name = crd.metadata.name ?? ''
    await client.resource(crds).patch({ name }, { type: 'apply', body: crd }, write)
    print(`customresourcedefinition.apiextensions.k8s.io/${name} installed\n`)
  }
  const body: KubeObject = {
    apiVersion: fleetApiVersion,
    kind: 'Publication',
    metadata: { name: flags.name },
    spec: {
      customResourceDefinitions: found.map(({ metadata }) => metadata.name ?? ''),
      ...(flags.toWorkspaces === undefined ? {} : { workspaces: { paths: flags.toWorkspaces.split(',') } }),
      ...(flags.toClusters === undefined ? {} : { childClusters: selectorOf(flags.toClusters) }),
      ...(conflict === undefined ? {} : { conflict }),
      ...(flags.allowNarrowing ? { allowNarrowing: true } : {}),
    },
  }
  await client.resource(publications).patch({ name: flags.name }, { type: 'apply', body }, write)
  print(`publication.fleet.atoll.dev/${flags.name} published\n`)
  print(`How far it is: kubectl get publication ${flags.name}; each target and why it waits: kubectl describe\n`)
}

function selectorOf(text: string): object {
  return text === '*' ? {} : { selector: { matchLabels: parseLabels(text) } }
}

function readCrds(file: string): KubeObject[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new CliError(`cannot read ${file}`, 1, { cause })
  }
  const objects = parseYamlDocuments(text) as unknown as KubeObject[]
  const found = objects.filter((object) => object?.kind === 'CustomResourceDefinition')
  if (found.length === 0) throw new CliError(`${file} has no CustomResourceDefinition`)
  return found
}
