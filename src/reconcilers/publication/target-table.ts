import type { Publication } from '../../meta/fleet/placement.ts'
import type { Target } from './publication-steps.ts'

/** How the types of one publication are in one workspace. */
interface WorkspaceEntry {
  path: string
  /** How many types it is to have. */
  total: number
  notReady: readonly Target[]
}

/** What is known of one publication's targets: of those that are ready, only that they are. */
export interface PublicationTargets {
  /** By logical cluster. */
  workspaces: Map<string, WorkspaceEntry>
  children: readonly Target[]
  /** What is wrong in the provider's workspace. */
  atProvider: readonly Target[]
  /** The generation that every workspace has been looked at for; nothing is said before. */
  completeFor: number | undefined
}

/** Kept while the process runs, and filled by looking at everything once when it starts. */
export interface TargetTable {
  of(provider: string, name: string): PublicationTargets
  /** Whether a workspace is known as a target; unlike `of`, it notes no publication. */
  has(provider: string, name: string, logicalCluster: string): boolean
  forget(provider: string, name: string): void
}

export function createTargetTable(): TargetTable {
  const known = new Map<string, PublicationTargets>()
  return {
    of(provider, name) {
      const id = `${provider}/${name}`
      let targets = known.get(id)
      if (!targets)
        known.set(id, (targets = { workspaces: new Map(), children: [], atProvider: [], completeFor: undefined }))
      return targets
    },
    has: (provider, name, logicalCluster) => known.get(`${provider}/${name}`)?.workspaces.has(logicalCluster) ?? false,
    forget: (provider, name) => void known.delete(`${provider}/${name}`),
  }
}

// What a status holds, within the limit of an object: those that are not ready come first.
const maxTargets = 500
const maxMessageLength = 400

/** The targets for a status, and how many there are of them. */
export function listTargets(
  { workspaces, children, atProvider }: PublicationTargets,
  { spec }: Publication,
): { targets: Target[]; total: number; ready: number } {
  const notReady: Target[] = [...atProvider, ...children.filter((target) => !target.ready)]
  const ready: Target[] = children.filter((target) => target.ready)
  let total = atProvider.length + children.length
  let readyCount = ready.length
  for (const entry of workspaces.values()) {
    total += entry.total
    readyCount += entry.total - entry.notReady.length
    for (const target of entry.notReady) if (notReady.length < maxTargets) notReady.push(target)
  }
  for (const { path, notReady: missing, total: own } of workspaces.values()) {
    if (notReady.length + ready.length >= maxTargets) break
    if (own === 0) continue
    for (const crd of spec.customResourceDefinitions)
      if (!missing.some((target) => target.crd === crd) && !atProvider.some((target) => target.crd === crd))
        ready.push({ type: 'Workspace', name: path, crd, ready: true, reason: 'Published' })
  }
  const targets = [...sorted(notReady), ...sorted(ready)].slice(0, maxTargets).map(shortened)
  return { targets, total, ready: readyCount }
}

/** Messages quote what a child or a schema says, at any length. */
function shortened(target: Target): Target {
  const { message = '' } = target
  return message.length <= maxMessageLength ? target : { ...target, message: `${message.slice(0, maxMessageLength)}…` }
}

function sorted(targets: Target[]): Target[] {
  const key = ({ type, name, crd }: Target) => `${type}/${name}/${crd}`
  return targets.sort((a, b) => (key(a) < key(b) ? -1 : 1))
}
