import type { JsonObject } from '../meta/object.ts'
import { isRecord, member, recordAt, recordsAt, textAt } from './json-access.ts'
import { podTemplateOf } from './pod-security-baseline.ts'
import { refuse, type Refusal } from './refusal.ts'

export interface NamespaceMapping {
  /** The namespace in the tenant's workspace. */
  from: string
  /** The namespace in the child. */
  to: string
}

/** A place where an object names a namespace: the record and its key, with a path for messages. */
interface Reference {
  holder: JsonObject
  key: string
  path: string
}

const nameLabel = 'kubernetes.io/metadata.name'
const dnsNamespace = 'kube-system' // egress to the cluster's DNS is in nearly every network policy

/**
 * Rewrites, in place, the fields of an object that name a namespace. Only the object's own namespace can be named: what
 * else the workspace has may not be on this child, and a plain name would mean somebody else's namespace there.
 */
export function mapNamespaceReferences(
  group: string,
  kind: string,
  manifest: JsonObject,
  mapping: NamespaceMapping,
): Refusal | undefined {
  // Identity: the names mean in the child what they mean in the workspace.
  if (mapping.from === mapping.to) return undefined
  for (const { holder, key, path } of plainReferences(group, kind, manifest)) {
    const value = member(holder, key)
    if (value === undefined || value === null || value === '') continue
    if (value !== mapping.from) return unsupported(path, value)
    holder[key] = mapping.to
  }
  for (const { holder, key, path } of selectorReferences(group, kind, manifest)) {
    const value = member(holder, key)
    if (value === undefined || value === null) continue
    const refusal = mapSelector(value, path, mapping)
    if (refusal) return refusal
  }
  return podAffinityNamespaces(group, kind, manifest, mapping) ?? routeSelectors(group, kind, manifest)
}

function unsupported(path: string, value: unknown): Refusal {
  return refuse(
    'NamespaceReferenceUnsupported',
    `${path}: ${JSON.stringify(value)} is not the object's own namespace, and only that one can be named on a child cluster`,
  )
}

function plainReferences(group: string, kind: string, manifest: JsonObject): Reference[] {
  const at = (path: string, ...keys: string[]): Reference[] =>
    recordsAt(manifest, ...keys).map((holder, index) => ({
      holder,
      key: 'namespace',
      path: `${path}[${index}].namespace`,
    }))
  switch (`${group}/${kind}`) {
    case 'rbac.authorization.k8s.io/RoleBinding':
      return at('subjects', 'subjects')
    case '/ServiceAccount':
      return at('secrets', 'secrets')
    case '/PersistentVolumeClaim':
      return claimReferences(recordAt(manifest, 'spec'), 'spec')
    case 'apps/StatefulSet':
      return recordsAt(manifest, 'spec', 'volumeClaimTemplates').flatMap((claim, index) =>
        claimReferences(recordAt(claim, 'spec'), `spec.volumeClaimTemplates[${index}].spec`),
      )
    default:
      return group === 'gateway.networking.k8s.io' ? gatewayReferences(kind, manifest, at) : []
  }
}

function claimReferences(spec: JsonObject | undefined, path: string): Reference[] {
  const holder = recordAt(spec, 'dataSourceRef')
  return holder ? [{ holder, key: 'namespace', path: `${path}.dataSourceRef.namespace` }] : []
}

function gatewayReferences(
  kind: string,
  manifest: JsonObject,
  at: (path: string, ...keys: string[]) => Reference[],
): Reference[] {
  if (kind === 'ReferenceGrant') return at('spec.from', 'spec', 'from')
  if (kind === 'Gateway')
    return recordsAt(manifest, 'spec', 'listeners').flatMap((listener, index) =>
      recordsAt(listener, 'tls', 'certificateRefs').map((holder) => ({
        holder,
        key: 'namespace',
        path: `spec.listeners[${index}].tls.certificateRefs.namespace`,
      })),
    )
  if (!kind.endsWith('Route')) return at('spec.targetRefs', 'spec', 'targetRefs')
  const rules = recordsAt(manifest, 'spec', 'rules').flatMap((rule, index) => {
    const path = `spec.rules[${index}]`
    const backends = recordsAt(rule, 'backendRefs')
    const mirrored = [...recordsAt(rule, 'filters'), ...backends.flatMap((backend) => recordsAt(backend, 'filters'))]
      .map((filter) => recordAt(filter, 'requestMirror', 'backendRef'))
      .filter((holder) => holder !== undefined)
    return [...backends, ...mirrored].map((holder) => ({
      holder,
      key: 'namespace',
      path: `${path}.backendRefs.namespace`,
    }))
  })
  return [...at('spec.parentRefs', 'spec', 'parentRefs'), ...rules]
}

function selectorReferences(group: string, kind: string, manifest: JsonObject): Reference[] {
  if (`${group}/${kind}` !== 'networking.k8s.io/NetworkPolicy') return []
  const peers = (rules: string, peers: string): Reference[] =>
    recordsAt(manifest, 'spec', rules).flatMap((rule, index) =>
      recordsAt(rule, peers).map((holder) => ({
        holder,
        key: 'namespaceSelector',
        path: `spec.${rules}[${index}].${peers}.namespaceSelector`,
      })),
    )
  return [...peers('ingress', 'from'), ...peers('egress', 'to')]
}

/** A selector that names one namespace by its name; every other would select among all tenants' namespaces. */
function mapSelector(selector: unknown, path: string, { from, to }: NamespaceMapping): Refusal | undefined {
  const labels = recordAt(selector, 'matchLabels')
  const plain = isRecord(selector) && Object.keys(selector).every((key) => key === 'matchLabels')
  const name = textAt(labels, nameLabel)
  if (labels && plain && Object.keys(labels).length === 1) {
    if (name === dnsNamespace) return undefined
    if (name === from) {
      labels[nameLabel] = to
      return undefined
    }
  }
  return refuse(
    'NamespaceReferenceUnsupported',
    `${path} may only name the object's own namespace or ${dnsNamespace}, by the label ${nameLabel}`,
  )
}

function podAffinityNamespaces(
  group: string,
  kind: string,
  manifest: JsonObject,
  mapping: NamespaceMapping,
): Refusal | undefined {
  const template = podTemplateOf(group, kind, manifest)
  for (const type of ['podAffinity', 'podAntiAffinity']) {
    const affinity = recordAt(template?.spec, 'affinity', type)
    const terms: JsonObject[] = [
      ...recordsAt(affinity, 'requiredDuringSchedulingIgnoredDuringExecution'),
      ...recordsAt(affinity, 'preferredDuringSchedulingIgnoredDuringExecution').flatMap((weighted): JsonObject[] => {
        const term = recordAt(weighted, 'podAffinityTerm')
        return term ? [term] : []
      }),
    ]
    for (const term of terms) {
      const path = `${template?.path}.affinity.${type}`
      const selector = member(term, 'namespaceSelector')
      if (selector !== undefined && selector !== null)
        return refuse(
          'NamespaceReferenceUnsupported',
          `${path}: namespaceSelector would select other tenants' namespaces`,
        )
      const namespaces = member(term, 'namespaces')
      if (!Array.isArray(namespaces)) continue
      const other = namespaces.find((name) => name !== mapping.from)
      if (other !== undefined) return unsupported(`${path}.namespaces`, other)
      term['namespaces'] = namespaces.map(() => mapping.to)
    }
  }
  return undefined
}

function routeSelectors(group: string, kind: string, manifest: JsonObject): Refusal | undefined {
  if (group !== 'gateway.networking.k8s.io' || kind !== 'Gateway') return undefined
  for (const listener of recordsAt(manifest, 'spec', 'listeners')) {
    const from = textAt(listener, 'allowedRoutes', 'namespaces', 'from') ?? 'Same'
    if (from !== 'Same')
      return refuse(
        'NamespaceReferenceUnsupported',
        `spec.listeners.allowedRoutes.namespaces.from must be Same, not ${from}`,
      )
  }
  return undefined
}
