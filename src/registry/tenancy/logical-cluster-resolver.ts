import { chain, isPromise, type MaybePromise } from '../../base/maybe-promise.ts'
import type { ObjectReader } from '../object-reader.ts'
import { coreGroup, logicalClusterSingleton, tenancyGroup } from './workspace-crd.ts'
import type { Workspace } from './workspace-objects.ts'

/**
 * From what stands behind `/clusters/` to the name of a logical cluster: a path (`root:acme:payments`) is walked through
 * the Workspace objects, one in each parent; a name (`root`, `system:…`, 16 characters base36) is looked up as it is.
 */
export interface LogicalClusterResolver {
  /** Undefined when there is none. */
  resolve(pathOrName: string): MaybePromise<string | undefined>
  /** To be called with every change of a Workspace, once the reader sees it. */
  invalidate(): void
}

const rootName = 'root'
const rememberedPaths = 10_000 // ~200 bytes each

export function createLogicalClusterResolver(reader: ObjectReader): LogicalClusterResolver {
  // A Workspace may be a step of any path, so a change forgets all of them. What is found after it by a walk that began
  // before it goes into the map that was dropped.
  let known = new Map<string, string>()

  function resolvePath(path: string): MaybePromise<string | undefined> {
    const paths = known
    const remembered = paths.get(path)
    if (remembered !== undefined) return remembered
    const [first, ...workspaces] = path.split(':')
    if (first !== rootName) return undefined
    return chain(walk(reader, rootName, workspaces), (name) => {
      if (name === undefined) return undefined
      if (paths.size >= rememberedPaths) paths.clear()
      paths.set(path, name)
      return name
    })
  }

  return {
    resolve(pathOrName) {
      const isPath = pathOrName.includes(':') && !pathOrName.startsWith('system:')
      return isPath ? resolvePath(pathOrName) : lookUp(reader, pathOrName)
    },
    invalidate() {
      known = new Map()
    },
  }
}

/** Makes no promise where the objects are in memory. */
function walk(reader: ObjectReader, from: string, workspaces: readonly string[]): MaybePromise<string | undefined> {
  let name = from
  for (const [index, workspace] of workspaces.entries()) {
    const next = childOf(reader, name, workspace)
    if (isPromise(next)) {
      return next.then((found) => (found === undefined ? undefined : walk(reader, found, workspaces.slice(index + 1))))
    }
    if (next === undefined) return undefined
    name = next
  }
  return name
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

function lookUp(reader: ObjectReader, name: string): MaybePromise<string | undefined> {
  if (name === '') return undefined
  const found = reader.get({
    logicalCluster: name,
    group: coreGroup,
    resource: 'logicalclusters',
    namespace: '',
    name: logicalClusterSingleton,
  })
  return chain(found, (logicalCluster) => logicalCluster && name)
}
