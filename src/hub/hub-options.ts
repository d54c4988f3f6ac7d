import { type LogLevel, logLevels } from './pino-logger.ts'
import { isStorageDriver, type StorageDriver } from './storage-drivers.ts'

export interface HubOptions {
  dataDir: string
  host: string
  /** 0 picks a free one. */
  port: number
  storage: StorageDriver
  /** How clients outside reach the hub; default: the address that it listens on. */
  externalUrl?: string
  hubDomain?: string
  memoryBudgetBytes: number
  logLevel: LogLevel
  /** The hub may dial child clusters at loopback and link-local addresses. */
  allowLocalDial: boolean
  /**
   * Plays a child cluster (demo, tests): a plain Kubernetes API in the workspace `root`, where the marks that a hub leaves
   * on its children are ordinary metadata, and nothing is placed or published from here.
   */
  playsChildCluster?: boolean
  /** File that audit events are appended to. */
  auditLog?: string
  version: string
}

/** As typed on the command line. */
export interface HubFlags {
  dataDir: string
  listen: string
  storage: string
  externalUrl?: string
  hubDomain?: string
  memoryBudget: string
  logLevel: string
  allowLocalDial?: boolean
  auditLog?: string
  version: string
}

const sizeUnits: Record<string, number> = { '': 1, k: 1e3, M: 1e6, G: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 }
const minBudgetBytes = 16 * 2 ** 20 // below this not even one large list fits

/** Checks what was typed; `refuse` makes the error that the command line shows. */
export function parseHubOptions(flags: HubFlags, refuse: (why: string) => Error): HubOptions {
  const listen = /^(?<host>\[[0-9a-fA-F:]+\]|[^:]*):(?<port>\d{1,5})$/.exec(flags.listen)
  const port = Number(listen?.groups?.['port'])
  if (!listen || port > 65_535) throw refuse(`--listen ${flags.listen} is not an address: write host:port`)
  if (!isStorageDriver(flags.storage)) throw refuse(`--storage ${flags.storage} is unknown: use leveldb or memory`)
  const logLevel = logLevels.find((level) => level === flags.logLevel)
  if (!logLevel) throw refuse(`--log-level ${flags.logLevel} is unknown: use one of ${logLevels.join(', ')}`)
  const size = /^(\d+)(|k|M|G|KiB|MiB|GiB)$/.exec(flags.memoryBudget)
  const memoryBudgetBytes = Number(size?.[1]) * (sizeUnits[size?.[2] ?? ''] ?? 1)
  if (!size || memoryBudgetBytes < minBudgetBytes)
    throw refuse(`--memory-budget ${flags.memoryBudget} is not a size of at least 16MiB`)
  if (flags.externalUrl !== undefined && !isHttpsUrl(flags.externalUrl))
    throw refuse(`--external-url ${flags.externalUrl} is not an https URL without a path`)
  return {
    dataDir: flags.dataDir,
    host: (listen.groups?.['host'] ?? '').replace(/^\[|\]$/g, '') || '0.0.0.0',
    port,
    storage: flags.storage,
    memoryBudgetBytes,
    logLevel,
    allowLocalDial: flags.allowLocalDial === true,
    version: flags.version,
    ...(flags.externalUrl === undefined ? {} : { externalUrl: flags.externalUrl.replace(/\/$/, '') }),
    ...(flags.auditLog === undefined ? {} : { auditLog: flags.auditLog }),
    ...(flags.hubDomain === undefined ? {} : { hubDomain: flags.hubDomain }),
  }
}

function isHttpsUrl(text: string): boolean {
  try {
    const url = new URL(text)
    return url.protocol === 'https:' && url.pathname === '/' && url.search === ''
  } catch {
    return false
  }
}
