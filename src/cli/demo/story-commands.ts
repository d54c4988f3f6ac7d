import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { stringify } from 'yaml'
import { sleep } from '../../base/sleep.ts'
import { toApiPath, type GroupVersionResource } from '../../meta/group-version.ts'
import type { KubeObject } from '../../meta/object.ts'
import { CliError } from '../cli-error.ts'
import { addClusterCommands } from '../commands/clusters.ts'
import { addJoinCommand } from '../commands/join.ts'
import { addPublishCommand } from '../commands/publish.ts'
import { addWorkspaceCommand } from '../commands/workspace.ts'
import { printTable } from '../print-table.ts'
import type { Narrator } from './narrator.ts'
import type { Stage, StageContext } from './stage.ts'

/**
 * What the story types. `atoll` lines run the commands themselves; `kubectl` lines make kubectl's requests without it, so
 * that the demo needs nothing but Node.
 */
export interface StoryCommands {
  atoll(...words: readonly string[]): Promise<void>
  /** Writes the objects to a file that a command is going to read. */
  write(file: string, objects: readonly KubeObject[]): void
  /** Writes the objects to a file, shows it unless it is long, and applies it (server-side apply). */
  apply(context: StageContext, file: string, objects: readonly KubeObject[], show?: 'quietly'): Promise<void>
  /** Prints the server's table. */
  get(context: StageContext, resource: GroupVersionResource, options?: GetOptions): Promise<void>
  delete(context: StageContext, resource: GroupVersionResource, namespace: string, name: string): Promise<void>
}

export interface GetOptions {
  /** Absent: the namespace `default`, as kubectl has it. Null: cluster-scoped. */
  namespace?: string | null
  allNamespaces?: boolean
  selector?: string
  name?: string
}

const fileFlags = new Set(['-f', '--child-kubeconfig'])

export function createStoryCommands(stage: Stage, narrator: Narrator): StoryCommands {
  const write = (file: string, objects: readonly KubeObject[]): string => {
    const options = { lineWidth: 0, aliasDuplicateObjects: false }
    const text = objects.map((object) => stringify(object, options)).join('---\n')
    writeFileSync(join(stage.folder, file), text)
    return text
  }
  return {
    write,

    async atoll(...words) {
      narrator.command(`atoll ${words.map((word) => (word.includes('*') ? `'${word}'` : word)).join(' ')}`)
      const program = new Command('atoll').option('--kubeconfig <file>').option('--context <name>').exitOverride()
      addWorkspaceCommand(program, narrator.print)
      addJoinCommand(program, narrator.print)
      addClusterCommands(program, narrator.print)
      addPublishCommand(program, narrator.print)
      // The story is told as from the demo's folder, which this process need not be in.
      const located = words.map((word, index) =>
        fileFlags.has(words[index - 1] ?? '') ? join(stage.folder, word) : word,
      )
      const globals = ['--kubeconfig', stage.kubeconfigPath, '--context', 'root']
      await program.parseAsync([...globals, ...located], { from: 'user' })
    },

    async apply(context, file, objects, show) {
      const text = write(file, objects)
      if (show !== 'quietly') {
        narrator.command(`cat ${file}`)
        narrator.output(text)
      }
      narrator.command(`kubectl --context ${context} apply --server-side -f ${file}`)
      for (const object of objects) {
        const { kind = '', apiVersion = '', metadata } = object
        const { name = '', namespace } = metadata
        const resource = stage.clientOf(context).resource(toResource(object))
        const objectName = namespace === undefined ? { name } : { namespace, name }
        await resource.patch(objectName, { type: 'apply', body: object }, { fieldManager: 'kubectl' })
        const group = apiVersion.includes('/') ? `.${apiVersion.split('/')[0]}` : ''
        narrator.output(`${kind.toLowerCase()}${group}/${name} serverside-applied`)
      }
    },

    async get(context, resource, options = {}) {
      const { namespace = 'default', allNamespaces, selector, name } = options
      const words = [
        'kubectl',
        `--context ${context}`,
        `get ${resource.resource}`,
        ...(name === undefined ? [] : [name]),
        ...(allNamespaces ? ['-A'] : namespace === null || namespace === 'default' ? [] : [`-n ${namespace}`]),
        ...(selector === undefined ? [] : [`-l ${selector}`]),
      ]
      narrator.command(words.join(' '))
      const scope = allNamespaces || namespace === null ? '' : `/namespaces/${namespace}`
      const path = `${toApiPath(resource)}${scope}/${resource.resource}${name === undefined ? '' : `/${name}`}`
      const { status, body } = await stage.clientOf(context).raw({
        method: 'GET',
        path,
        query: { labelSelector: selector },
        headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
      })
      const answer: unknown = JSON.parse(new TextDecoder().decode(body))
      if (status >= 400) throw new CliError(`${path} answered ${status}: ${(answer as { message?: string }).message}`)
      narrator.output(toText(answer as ServerTable, allNamespaces === true))
    },

    async delete(context, resource, namespace, name) {
      narrator.command(`kubectl --context ${context} delete ${resource.resource} ${name} -n ${namespace}`)
      await stage.clientOf(context).resource(resource).delete({ namespace, name }, { propagationPolicy: 'Background' })
      narrator.output(`${resource.resource.replace(/s$/, '')} "${name}" deleted from ${namespace} namespace`)
    },
  }
}

interface ServerTable {
  columnDefinitions: { name: string; priority: number }[]
  rows: { cells: unknown[]; object?: { metadata?: { namespace?: string } } }[]
}

/** As kubectl prints it: columns of priority 0, with the namespace in front when there are several. */
function toText({ columnDefinitions, rows }: ServerTable, withNamespace: boolean): string {
  if (rows.length === 0) return 'No resources found.'
  const shown = columnDefinitions.flatMap(({ priority }, index) => (priority === 0 ? [index] : []))
  const header = shown.map((index) => (columnDefinitions[index]?.name ?? '').toUpperCase())
  const lines = rows.map(({ cells, object }) => [
    ...(withNamespace ? [object?.metadata?.namespace ?? ''] : []),
    ...shown.map((index) => toCell(cells[index])),
  ])
  return printTable([...(withNamespace ? ['NAMESPACE'] : []), ...header], lines)
}

function toCell(cell: unknown): string {
  if (typeof cell === 'string') return cell === '' ? '' : cell
  return cell === null || cell === undefined ? '<none>' : JSON.stringify(cell)
}

const plurals = new Map([
  ['ConfigMap', 'configmaps'],
  ['Deployment', 'deployments'],
  ['Placement', 'placements'],
  ['Database', 'databases'],
])

function toResource({ apiVersion = '', kind = '' }: KubeObject): GroupVersionResource {
  const [first = '', second] = apiVersion.split('/')
  const resource = plurals.get(kind)
  if (resource === undefined) throw new Error(`the story has no plural of ${kind}`)
  return second === undefined ? { group: '', version: first, resource } : { group: first, version: second, resource }
}

/** Asks until the answer is neither undefined nor false. */
export async function until<T>(
  what: string,
  question: () => Promise<T | undefined | false>,
  timeoutMs = 20_000,
): Promise<T> {
  const deadlineMs = Date.now() + timeoutMs
  for (;;) {
    const answer = await question()
    if (answer !== undefined && answer !== false) return answer
    if (Date.now() > deadlineMs)
      throw new CliError(`the story stopped: after ${timeoutMs / 1_000} s still not so: ${what}`)
    await sleep(25)
  }
}
