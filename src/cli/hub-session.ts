import { existsSync, realpathSync, renameSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Client } from '../client/client.ts'
import { createClient } from '../client/create-client.ts'
import { createHttpTransport } from '../client/node/http-transport.ts'
import {
  type Kubeconfig,
  printKubeconfig,
  readKubeconfig,
  type SelectedContext,
  selectContext,
  toTransportOptions,
} from '../client/node/kubeconfig.ts'
import { CliError } from './cli-error.ts'

export interface SessionOptions {
  kubeconfig?: string
  context?: string
}

/** A hub as the user's kubeconfig names it, and the workspace that its current context stands in. */
export interface HubSession {
  /** `https://host:port`, without the workspace. */
  hubUrl: string
  /** PEM; undefined where the kubeconfig trusts the machine's authorities. */
  hubCaPem: string | undefined
  /** Path of the current workspace, `root` when the URL names none. */
  currentPath: string
  kubeconfigPath: string
  config: Kubeconfig
  selected: SelectedContext
  clientOf(workspacePath: string): Client
  /** Writes the kubeconfig back, owner-readable only. */
  save(config: Kubeconfig): void
  close(): void
}

/** `--kubeconfig`, then $KUBECONFIG, then the hub's own in `.atoll`, then `~/.kube/config`. */
export function kubeconfigPath(given: string | undefined): string {
  if (given !== undefined) return given
  const fromEnvironment = process.env['KUBECONFIG']?.split(':').find((path) => path !== '' && existsSync(path))
  if (fromEnvironment !== undefined) return fromEnvironment
  const own = join('.atoll', 'admin.kubeconfig')
  return existsSync(own) ? own : join(homedir(), '.kube', 'config')
}

export function openHubSession(session: SessionOptions): HubSession {
  const path = kubeconfigPath(session.kubeconfig)
  if (!existsSync(path))
    throw new CliError(
      `there is no kubeconfig at ${path}: start a hub with "atoll serve", or name one with --kubeconfig`,
    )
  const config = readKubeconfig(path)
  const selected = selectContext(config, path, session.context)
  const { hubUrl, workspace } = splitServerUrl(selected.cluster.server)
  const options = { ...toTransportOptions(selected), serverUrl: hubUrl }
  const http = createHttpTransport(options)
  return {
    hubUrl,
    hubCaPem: options.caPem,
    currentPath: workspace,
    kubeconfigPath: path,
    config,
    selected,
    clientOf: (workspacePath) => createClient({ transport: http.transport, basePath: `/clusters/${workspacePath}` }),
    save: (next) => replaceFile(realpathSync(path), printKubeconfig(next)),
    close: http.close,
  }
}

/** Whole or not at all: it may be the only way into somebody's clusters. */
function replaceFile(path: string, text: string): void {
  const partial = `${path}.atoll-new`
  writeFileSync(partial, text, { mode: 0o600 })
  renameSync(partial, path)
}

export function splitServerUrl(server: string): { hubUrl: string; workspace: string } {
  const match = /^(.*?)\/clusters\/([^/]+)\/?$/.exec(server)
  return match
    ? { hubUrl: match[1] ?? server, workspace: match[2] ?? 'root' }
    : { hubUrl: server.replace(/\/$/, ''), workspace: 'root' }
}

/** `root:x` as it is, `:root:x` likewise, `.` here, `..` the parent, `~` root, everything else below the current one. */
export function resolveWorkspacePath(text: string, currentPath: string): string {
  if (text === '.' || text === '') return currentPath
  if (text === '~' || text === ':') return 'root'
  if (text === '..') {
    const cut = currentPath.lastIndexOf(':')
    if (cut < 0) throw new CliError(`"${currentPath}" has no parent workspace`)
    return currentPath.slice(0, cut)
  }
  if (text.startsWith(':')) return text.slice(1)
  return text === 'root' || text.startsWith('root:') ? text : `${currentPath}:${text}`
}
