import { chain, isPromise, type MaybePromise } from '../../base/maybe-promise.ts'
import type { ObjectReader } from '../object-reader.ts'
import { coreGroup, logicalClusterSingleton, pathAnnotation, tenancyGroup } from './workspace-crd.ts'
import type { Workspace } from './workspace-objects.ts'

export interface ResolvedLogicalCluster {
  name: string
  /** The canonical workspace path; empty for the system's own logical clusters. */
  path: string
}

const rootName = 'root'

/**
 * From what stands behind `/clusters/` to a logical cluster: a path (`root:acme:payments`) is walked through the
 * Workspace objects, one in each parent; a name (`root`, `system:…`, 16 characters base36) is looked up as it is.
 * Undefined when there is none.
 */
export function createLogicalClusterResolver(reader: ObjectReader) {
  return function resolveLogicalCluster(pathOrName: string): MaybePromise<ResolvedLogicalCluster | undefined> {
    if (!pathOrName.includes(':') || pathOrName.startsWith('system:')) return lookUp(reader, pathOrName)
    const [first, ...rest] = pathOrName.split(':')
    if (first !== rootName) return undefined
    return walk(reader, rootName, rest, 0, pathOrName)
  }
}

/** Every request to a workspace takes this walk, so it makes no promise where the objects are in memory. */
function walk(
  reader: ObjectReader,
  from: string,
  workspaces: readonly string[],
  start: number,
  path: string,
): MaybePromise<ResolvedLogicalCluster | undefined> {
  let name = from
  for (let index = start; index < workspaces.length; index++) {
    const next = childOf(reader, name, workspaces[index] ?? '')
    if (isPromise(next)) {
      return next.then((found) => (found === undefined ? undefined : walk(reader, found, workspaces, index + 1, path)))
    }
    if (next === undefined) return undefined
    name = next
  }
  return { name, path }
}

function childOf(reader: ObjectReader, parent: string, name: string): MaybePromise<string | undefined> {
  if (name === '') return undefined
  const found = reader.get({
    logicalCluster: parent,
    group: tenancyGroup,
    resource: 'workspaces',
    namespace: '',
    name,
  })
  return chain(found, (workspace) => (workspace as Workspace | undefined)?.spec.cluster)
}

function lookUp(reader: ObjectReader, name: string): MaybePromise<ResolvedLogicalCluster | undefined> {
  if (name === '') return undefined
  const address = {
    logicalCluster: name,
    group: coreGroup,
    resource: 'logicalclusters',
    namespace: '',
    name: logicalClusterSingleton,
  }
  return chain(
    reader.get(address),
    (found) => found && { name, path: found.metadata.annotations?.[pathAnnotation] ?? '' },
  )
}
