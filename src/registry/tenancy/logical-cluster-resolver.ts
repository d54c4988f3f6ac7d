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
  return async function resolveLogicalCluster(pathOrName: string): Promise<ResolvedLogicalCluster | undefined> {
    if (!pathOrName.includes(':') || pathOrName.startsWith('system:')) return lookUp(reader, pathOrName)
    const [first, ...rest] = pathOrName.split(':')
    if (first !== rootName) return undefined
    let name: string = rootName
    for (const workspace of rest) {
      const next = await childOf(reader, name, workspace)
      if (next === undefined) return undefined
      name = next
    }
    return { name, path: pathOrName }
  }
}

async function childOf(reader: ObjectReader, parent: string, name: string): Promise<string | undefined> {
  if (name === '') return undefined
  const found = await reader.get({
    logicalCluster: parent,
    group: tenancyGroup,
    resource: 'workspaces',
    namespace: '',
    name,
  })
  return (found as Workspace | undefined)?.spec.cluster
}

async function lookUp(reader: ObjectReader, name: string): Promise<ResolvedLogicalCluster | undefined> {
  if (name === '') return undefined
  const address = {
    logicalCluster: name,
    group: coreGroup,
    resource: 'logicalclusters',
    namespace: '',
    name: logicalClusterSingleton,
  }
  const found = await reader.get(address)
  return found && { name, path: found.metadata.annotations?.[pathAnnotation] ?? '' }
}
