import type { KubeObject } from '../meta/object.ts'
import { openLogicalCluster } from '../registry/generic/logical-cluster-lifecycle.ts'
import type { ObjectStore } from '../registry/generic/object-store.ts'
import { isAlreadyExists } from '../meta/api-errors.ts'
import { type ContentDefinitions, logicalClusterContents } from '../registry/tenancy/workspace-contents.ts'
import type { Backend } from '../storage/backend.ts'
import { ownPart } from '../access/authentication/identity.ts'

export interface RootOptions {
  backend: Backend
  store: ObjectStore
  contents: ContentDefinitions
  caPem: string
  url: string
  nowMs: number
}

/** The root workspace: it has no Workspace object, so what belongs into it is created when it is missing. */
export async function openRoot({ backend, store, contents, caPem, url, nowMs }: RootOptions): Promise<void> {
  await openLogicalCluster(backend, 'root', nowMs)
  const context = { user: ownPart('bootstrap'), dryRun: false, warn: () => {} }
  for (const companion of logicalClusterContents({ name: 'root', path: 'root', url }, contents, caPem)) {
    if (companion.type !== 'object') continue
    const { definition, object } = companion
    const [version] = definition.versions
    if (!version) continue
    const scope = { logicalCluster: 'root', definition, version }
    const { namespace = '' } = object.metadata
    try {
      await store.create(scope, { namespace, object: structuredClone<KubeObject>(object), context })
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
    }
  }
}
