import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parse, stringify } from 'yaml'
import type { HttpTransportOptions } from './http-transport.ts'

/** A kubeconfig file: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/ */
export interface Kubeconfig {
  apiVersion: 'v1'
  kind: 'Config'
  'current-context'?: string
  clusters: { name: string; cluster: KubeconfigCluster }[]
  users: { name: string; user: KubeconfigUser }[]
  contexts: { name: string; context: KubeconfigContext }[]
  [field: string]: unknown
}
export interface KubeconfigCluster {
  server: string
  'certificate-authority'?: string
  'certificate-authority-data'?: string
  'insecure-skip-tls-verify'?: boolean
  'proxy-url'?: string
  'tls-server-name'?: string
}
export interface KubeconfigUser {
  token?: string
  tokenFile?: string
  'client-certificate'?: string
  'client-certificate-data'?: string
  'client-key'?: string
  'client-key-data'?: string
  username?: string
  exec?: unknown
  'auth-provider'?: unknown
}
export interface KubeconfigContext {
  cluster: string
  user: string
  namespace?: string
}

/** One context with everything it names, as written in the file. */
export interface SelectedContext {
  name: string
  context: KubeconfigContext
  cluster: KubeconfigCluster
  user: KubeconfigUser
  /** Folder that relative file names in it start from. */
  folder: string
}

/** What is wrong with a kubeconfig, in one sentence for the person who gave it. */
export class KubeconfigError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'KubeconfigError'
  }
}

export function readKubeconfig(path: string): Kubeconfig {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new KubeconfigError(
      `cannot read kubeconfig ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    )
  }
  return parseKubeconfig(text, path)
}

export function parseKubeconfig(text: string, path: string): Kubeconfig {
  let parsed: unknown
  try {
    parsed = parse(text, { maxAliasCount: 0 })
  } catch (cause) {
    throw new KubeconfigError(`${path} is not a kubeconfig: it is not YAML`, { cause })
  }
  if (typeof parsed !== 'object' || parsed === null || (parsed as Kubeconfig).kind !== 'Config')
    throw new KubeconfigError(`${path} is not a kubeconfig: it has no "kind: Config"`)
  const { clusters, users, contexts, ...rest } = parsed as Kubeconfig
  const listOf = <T>(value: T[] | null | undefined): T[] => (Array.isArray(value) ? value : [])
  return { ...rest, clusters: listOf(clusters), users: listOf(users), contexts: listOf(contexts) }
}

export function printKubeconfig(config: Kubeconfig): string {
  return stringify(config, { lineWidth: 0 })
}

/** The named context, or the current one. */
export function selectContext(config: Kubeconfig, path: string, contextName?: string): SelectedContext {
  const name = contextName ?? config['current-context'] ?? ''
  if (name === '') throw new KubeconfigError(`${path} has no current context: name one with --context`)
  const context = config.contexts.find((one) => one.name === name)?.context
  if (!context) throw new KubeconfigError(`${path} has no context "${name}"`)
  const cluster = config.clusters.find((one) => one.name === context.cluster)?.cluster
  if (!cluster?.server)
    throw new KubeconfigError(`context "${name}" of ${path} names a cluster that the file does not have`)
  const user = config.users.find((one) => one.name === context.user)?.user ?? {}
  return { name, context, cluster, user, folder: dirname(resolve(path)) }
}

/** What the HTTP transport needs to speak as a context's user to its cluster. */
export function toTransportOptions({ cluster, user, folder }: SelectedContext): HttpTransportOptions {
  if (user.exec !== undefined || user['auth-provider'] !== undefined)
    throw new KubeconfigError(
      'kubeconfigs that run a program to log in (exec, auth-provider) are not supported: use a token or a client certificate',
    )
  if (user.username !== undefined)
    throw new KubeconfigError('kubeconfigs with a user name and password are not supported')
  if (cluster['proxy-url'] !== undefined) throw new KubeconfigError('kubeconfigs with a proxy-url are not supported')
  const ca = inlineOrFile(cluster['certificate-authority-data'], cluster['certificate-authority'], folder)
  const certificate = inlineOrFile(user['client-certificate-data'], user['client-certificate'], folder)
  const key = inlineOrFile(user['client-key-data'], user['client-key'], folder)
  const token =
    user.token ??
    (user.tokenFile === undefined ? undefined : readFileSync(resolve(folder, user.tokenFile), 'utf8').trim())
  return {
    serverUrl: cluster.server,
    ...(ca === undefined ? {} : { caPem: ca }),
    ...(certificate === undefined ? {} : { clientCertificatePem: certificate }),
    ...(key === undefined ? {} : { clientKeyPem: key }),
    ...(token === undefined ? {} : { token }),
    ...(cluster['insecure-skip-tls-verify'] ? { insecureSkipTlsVerify: true } : {}),
  }
}

function inlineOrFile(data: string | undefined, file: string | undefined, folder: string): string | undefined {
  if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8')
  if (file === undefined) return undefined
  try {
    return readFileSync(resolve(folder, file), 'utf8')
  } catch (cause) {
    throw new KubeconfigError(`cannot read ${file}, which the kubeconfig names`, { cause })
  }
}
