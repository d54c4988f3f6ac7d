import { readFileSync } from 'node:fs'
import type { KubeObject } from '../../meta/object.ts'
import type { OverlaySet } from '../resource-definition.ts'

/** The resources of which every workspace has the same objects from the start: `<group>/<resource>`. */
const kinds = {
  'rbac.authorization.k8s.io/clusterroles': { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole' },
  'rbac.authorization.k8s.io/clusterrolebindings': {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
  },
  'rbac.authorization.k8s.io/roles': { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role' },
  'rbac.authorization.k8s.io/rolebindings': { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding' },
  'flowcontrol.apiserver.k8s.io/flowschemas': { apiVersion: 'flowcontrol.apiserver.k8s.io/v1', kind: 'FlowSchema' },
  'flowcontrol.apiserver.k8s.io/prioritylevelconfigurations': {
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
    kind: 'PriorityLevelConfiguration',
  },
  'scheduling.k8s.io/priorityclasses': { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass' },
  'apiregistration.k8s.io/apiservices': { apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService' },
} as const

/** Kinds that count generations; the recorded objects do not say so. */
const counted: ReadonlySet<string> = new Set(['FlowSchema', 'PriorityLevelConfiguration', 'PriorityClass'])

type BootstrapKey = keyof typeof kinds
type BootstrapFile = Record<BootstrapKey, readonly KubeObject[]>

/** kcp's role for those who may enter a workspace: the gate in front of it asks for this verb on this path. */
const workspaceAccess: KubeObject = {
  metadata: { name: 'system:kcp:workspace:access' },
  rules: [{ nonResourceURLs: ['/'], verbs: ['access'] }],
}

let sets: ReadonlyMap<string, OverlaySet> | undefined

export function hasBootstrapOverlay(key: string): key is BootstrapKey {
  return Object.hasOwn(kinds, key)
}

/** The objects of one resource; the file is read once, at the first call, and shared by all workspaces. */
export function bootstrapOverlay(key: BootstrapKey): OverlaySet {
  sets ??= readSets()
  return sets.get(key) ?? { objects: new Map() }
}

function readSets(): ReadonlyMap<string, OverlaySet> {
  const text = readFileSync(new URL('./data/bootstrap-objects.json', import.meta.url), 'utf8')
  const file = JSON.parse(text) as BootstrapFile
  const keys = Object.keys(kinds) as BootstrapKey[]
  const objectsOf = (key: BootstrapKey) =>
    key === 'rbac.authorization.k8s.io/clusterroles' ? [...file[key], workspaceAccess] : file[key]
  return new Map(keys.map((key) => [key, toOverlaySet(kinds[key], objectsOf(key))]))
}

function toOverlaySet(type: { apiVersion: string; kind: string }, objects: readonly KubeObject[]): OverlaySet {
  const entries = objects.map((object): [string, KubeObject] => {
    const { namespace = '', name = '' } = object.metadata
    const metadata = counted.has(type.kind) ? { ...object.metadata, generation: 1 } : object.metadata
    return [`${namespace}/${name}`, { ...type, ...object, metadata }]
  })
  entries.sort(([left], [right]) => (left < right ? -1 : 1))
  return { objects: new Map(entries) }
}
