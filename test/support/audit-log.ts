import { readFile } from 'node:fs/promises'

/** What kube-apiserver writes down about one answered write; paths and bodies are not in it. */
export interface AuditEntry {
  readonly verb: string
  /** Who asked: "admin", "system:serviceaccount:kube-system:replicaset-controller". */
  readonly user: string
  /** As whom, when the request was impersonated. */
  readonly impersonatedUser: string | undefined
  readonly userAgent: string
  readonly group: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  /** Empty for a create with generateName and for deletecollection. */
  readonly name: string
  /** The HTTP status of the answer. */
  readonly code: number
  readonly time: Date
}

export type AuditFilter = Partial<
  Pick<AuditEntry, 'verb' | 'user' | 'group' | 'resource' | 'subresource' | 'namespace' | 'name' | 'code'>
>

/** One event for every write, when it has been answered. Reads are left out: informers would fill the disk. */
export const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [{ level: 'Metadata', verbs: ['create', 'update', 'patch', 'delete', 'deletecollection'] }],
}

interface AuditEvent {
  readonly verb: string
  readonly user: { readonly username: string }
  readonly impersonatedUser?: { readonly username: string }
  readonly userAgent?: string
  readonly objectRef?: {
    readonly apiGroup?: string
    readonly resource?: string
    readonly subresource?: string
    readonly namespace?: string
    readonly name?: string
  }
  readonly responseStatus?: { readonly code?: number }
  readonly stageTimestamp: string
}

/**
 * The events of an audit log file in the order of their answers; with a filter, those that agree in every field of it.
 * The server writes an event before it sends the answer, so a caller finds its own writes.
 */
export async function readAuditLog(file: string, filter: AuditFilter = {}): Promise<AuditEntry[]> {
  const wanted = Object.entries(filter)
  const text = await readFile(file, 'utf8')
  // What follows the last newline is an event that is being written just now.
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => toEntry(JSON.parse(line) as AuditEvent))
    .filter((entry) => wanted.every(([field, value]) => entry[field as keyof AuditFilter] === value))
}

function toEntry(event: AuditEvent): AuditEntry {
  const { apiGroup = '', resource = '', subresource = '', namespace = '', name = '' } = event.objectRef ?? {}
  return {
    verb: event.verb,
    user: event.user.username,
    impersonatedUser: event.impersonatedUser?.username,
    userAgent: event.userAgent ?? '',
    group: apiGroup,
    resource,
    subresource,
    namespace,
    name,
    code: event.responseStatus?.code ?? 0,
    time: new Date(event.stageTimestamp),
  }
}
