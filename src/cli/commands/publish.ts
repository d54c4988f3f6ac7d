import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { Client } from '../../client/client.ts'
import { ignoreNotFound } from '../../meta/api-errors.ts'
import { fleetApiVersion, fleetGroup, fleetVersion } from '../../meta/fleet/fleet-names.ts'
import type { Publication } from '../../meta/fleet/placement.ts'
import type { GroupVersionResource } from '../../meta/group-version.ts'
import type { KubeObject } from '../../meta/object.ts'
import { parseYamlDocuments } from '../../meta/yaml.ts'
import { CliError } from '../cli-error.ts'
import { openHubSession, resolveWorkspacePath, type SessionOptions } from '../hub-session.ts'
import { parseLabels } from './join.ts'

interface PublishFlags extends SessionOptions {
  filename: string
  name?: string
  workspace?: string
  toWorkspaces?: string
  toClusters?: Selector
  conflict?: Conflict
  allowNarrowing?: boolean
}

type Selector = NonNullable<Publication['spec']['childClusters']>
type Conflict = NonNullable<Publication['spec']['conflict']>

const conflictPolicies = ['Refuse', 'AdoptIfEqual', 'Overwrite'] as const
const crds = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' }
const publications = { group: fleetGroup, version: fleetVersion, resource: 'publications' }

/** `atoll publish -f CRDS`: installs CRDs in a workspace and publishes them from there. */
export function addPublishCommand(program: Command, print: (text: string) => void): void {
  program
    .command('publish')
    .description('give CRDs to workspaces and child clusters')
    .requiredOption('-f, --filename <file>', 'YAML file with CustomResourceDefinitions')
    .option('--name <name>', 'name of the Publication (default: the API group that the CRDs have in common)')
    .option('--workspace <path>', 'workspace to publish from (default: the current one)')
    .option('--to-workspaces <paths>', 'workspace paths, a subtree with :*, comma-separated')
    .option('--to-clusters <k=v,…|*>', 'labels of child clusters, or * for all', parseSelector)
    .option(
      '--conflict <policy>',
      'where a type of the same name is there already: Refuse, AdoptIfEqual or Overwrite',
      parseConflict,
    )
    .option('--allow-narrowing', 'replace wider definitions although objects of the type are stored')
    .action(async function runPublish(this: Command) {
      const flags = this.optsWithGlobals<PublishFlags>()
      const found = readCrds(flags.filename)
      const publication = publicationOf(found, flags)
      const session = openHubSession(flags)
      try {
        const client = session.clientOf(resolveWorkspacePath(flags.workspace ?? '.', session.currentPath))
        await publish(client, found, publication, print)
      } finally {
        session.close()
      }
    })
}

async function publish(
  client: Client,
  found: readonly KubeObject[],
  publication: Publication,
  print: (text: string) => void,
): Promise<void> {
  const { name = '' } = publication.metadata
  // All of it is tried first: what the server refuses leaves nothing half done.
  for (const crd of found) await apply(client, crds, crd, { dryRun: true })
  await requireNothingLost(client, publication)
  for (const crd of found) {
    await apply(client, crds, crd)
    print(`customresourcedefinition.apiextensions.k8s.io/${crd.metadata.name ?? ''} installed\n`)
  }
  await apply(client, publications, publication)
  print(`publication.fleet.atoll.dev/${name} published\n`)
  print(`How far it is: kubectl get publication ${name}; each target and why it waits: kubectl describe\n`)
}

function apply<T extends KubeObject>(
  client: Client,
  resource: GroupVersionResource,
  object: T,
  { dryRun = false } = {},
): Promise<T> {
  const write = { fieldManager: 'atoll-publish', force: true, dryRun }
  return client
    .resource<T>(resource)
    .patch({ name: object.metadata.name ?? '' }, { type: 'apply', body: object }, write)
}

function publicationOf(found: readonly KubeObject[], flags: PublishFlags): Publication {
  const { toWorkspaces, toClusters, conflict, allowNarrowing } = flags
  if (toWorkspaces === undefined && toClusters === undefined)
    throw new CliError('say where to: --to-workspaces, --to-clusters, or both', 2)
  return {
    apiVersion: fleetApiVersion,
    kind: 'Publication',
    metadata: { name: flags.name ?? commonGroup(found) },
    spec: {
      customResourceDefinitions: found.map(({ metadata }) => metadata.name ?? ''),
      ...(toWorkspaces === undefined ? {} : { workspaces: { paths: toWorkspaces.split(',') } }),
      ...(toClusters === undefined ? {} : { childClusters: toClusters }),
      ...(conflict === undefined ? {} : { conflict }),
      ...(allowNarrowing ? { allowNarrowing: true } : {}),
    },
  }
}

/** What the API groups of the CRDs have in common: `cert-manager.io` of that and `acme.cert-manager.io`. */
function commonGroup(found: readonly KubeObject[]): string {
  const groups = found.map(({ spec }) => (spec as { group?: string } | undefined)?.group ?? '')
  const labels = (groups[0] ?? '').split('.')
  const domains = labels.map((_, index) => labels.slice(index).join('.'))
  const common = domains.find((domain) => groups.every((group) => group === domain || group.endsWith(`.${domain}`)))
  if (common?.includes('.')) return common
  throw new CliError('the API groups of the CRDs have no domain in common: name the Publication with --name', 2)
}

/** Types that a Publication publishes, and would not any more, would be let go everywhere without a word. */
async function requireNothingLost(client: Client, publication: Publication): Promise<void> {
  const { name = '' } = publication.metadata
  const before = await client.resource<Publication>(publications).get({ name }).catch(ignoreNotFound)
  const after = await apply(client, publications, publication, { dryRun: true })
  const kept = new Set(after.spec.customResourceDefinitions)
  const lost = before?.spec.customResourceDefinitions.filter((crd) => !kept.has(crd)) ?? []
  if (lost.length > 0)
    throw new CliError(
      `the Publication "${name}" would no longer publish ${lost.join(', ')}: choose another name with --name, or publish all of its CRDs from one file`,
    )
}

function parseConflict(text: string): Conflict {
  const policy = conflictPolicies.find((one) => one === text)
  if (!policy) throw new CliError(`--conflict ${text} is unknown: use ${conflictPolicies.join(', ')}`, 2)
  return policy
}

function parseSelector(text: string): Selector {
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
