import { X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What makes an agent the agent of one child cluster. The key was made by the agent and has never left it. */
export interface AgentCredentials {
  keyPem: string
  certPem: string
  hubId: string
  childClusterUid: string
  /** Of the ChildCluster. */
  name: string
  /** The hub's certificate authority, when the join token brought it along. */
  hubCaPem?: string
}

export interface CredentialsStore {
  load(): Promise<AgentCredentials | undefined>
  save(credentials: AgentCredentials): Promise<void>
  /** The child has left: what is kept opens nothing any more. */
  clear(): Promise<void>
}

const fields = ['keyPem', 'certPem', 'hubId', 'childClusterUid', 'name'] as const

/** In a folder, for an agent that runs beside the child. */
export function createFileCredentials(folder: string): CredentialsStore {
  const path = join(folder, 'agent-credentials.json')
  return {
    async load() {
      try {
        return toCredentials(JSON.parse(readFileSync(path, 'utf8')) as unknown)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw error
      }
    },
    async save(credentials) {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      // Whole or not at all: half a file would lock the agent out.
      writeFileSync(`${path}.new`, JSON.stringify(credentials), { mode: 0o600 })
      renameSync(`${path}.new`, path)
    },
    async clear() {
      rmSync(path, { force: true })
    },
  }
}

function toCredentials(value: unknown): AgentCredentials | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const record = value as Record<string, unknown>
  if (!fields.every((field) => typeof record[field] === 'string')) return undefined
  return record as unknown as AgentCredentials
}

/** Until when the certificate is good. */
export function expiryTimeMs(certPem: string): number {
  return Date.parse(new X509Certificate(certPem).validTo)
}

/** When the certificate is to be replaced: two thirds through its life; at once when it cannot be read. */
export function renewalTimeMs(certPem: string): number {
  const { validFrom, validTo } = new X509Certificate(certPem)
  const from = Date.parse(validFrom)
  return from + ((Date.parse(validTo) - from) * 2) / 3
}
