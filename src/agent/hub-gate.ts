import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Client, ListOptions, ResourceClient, WatchOptions } from '../client/client.ts'
import { expired, isAlreadyExists } from '../meta/api-errors.ts'
import type { AgentReport } from '../meta/fleet/delivery.ts'
import { agentNamespace } from '../meta/fleet/fleet-names.ts'
import type { KubeObject } from '../meta/object.ts'
import { ignoreMissingObject } from './child-api.ts'
import { claimConfigMap, stateConfigMap } from './child-names.ts'

/** What a child remembers of its hub; lives in the child, so that it outlives the agent. */
export interface HubMemory {
  hubId: string
  incarnation: number
  /** The highest revision of the hub's store that was seen. */
  revision: number
}

export type Forked = NonNullable<NonNullable<AgentReport['status']>['forked']>

/**
 * Whether the hub may be obeyed: it is the one that claimed this child, and it is not behind what the child has seen.
 * A hub that is behind was restored from a backup or is a copy: nothing is applied or deleted for it until it has a new
 * incarnation and an administrator has confirmed that one. The state of being forked survives a restart of the agent.
 */
export interface HubGate {
  /** Reads the claim and the memory from the child. False: the claim is missing or names another hub. */
  load(): Promise<boolean>
  readonly open: boolean
  /** The hub has been heard of at all. */
  readonly heard: boolean
  readonly forked: Forked | undefined
  /** The incarnation that is obeyed: what a later one wrote waits for its confirmation. */
  readonly incarnation: number
  observeReport(report: AgentReport): void
  /** A resource client that compares the hub's revision with the memory before it believes an answer. */
  guard<T extends KubeObject>(client: ResourceClient<T>): ResourceClient<T>
  /** Writes the memory when it has changed. */
  persist(): Promise<void>
}

export interface HubGateOptions {
  child: Client
  hubId: string
  childClusterUid: string
  logger: Logger
  clock: Clock
  /** The gate has opened or closed. */
  onChange(): void
}

const configMaps = { group: '', version: 'v1', resource: 'configmaps' }

export function createHubGate(options: HubGateOptions): HubGate {
  const { hubId, childClusterUid, logger, onChange } = options
  const maps = options.child.resource(configMaps)
  let claimed = false
  let memory: HubMemory | undefined
  let persisted = ''
  let forked: Forked | undefined
  let otherHub = false
  let ask: (() => Promise<string | undefined>) | undefined // the hub's revision
  let histories = 0 // counts the times that what was listed before stopped being the hub's past
  let reported: { incarnation: number; confirmed: number; revision: number } | undefined

  function settle(change: () => void): void {
    const before = isOpen()
    const forkedBefore = forked
    change()
    if (forked && !forkedBefore) logger.error('the hub is behind what this child cluster has seen', { ...forked })
    if (isOpen() !== before || forked !== forkedBefore) onChange()
  }
  const isOpen = () => claimed && reported !== undefined && !forked && !otherHub

  function markForked(incarnation: number, revision: number): void {
    if (!memory) return
    if (!forked) histories += 1
    forked = {
      seenIncarnation: memory.incarnation,
      seenRevision: memory.revision,
      hubIncarnation: incarnation,
      hubRevision: revision,
    }
  }

  /** The incarnation that the hub is in, against the one that was last obeyed. */
  function judgeIncarnation(): void {
    if (!reported) return
    const { incarnation, confirmed, revision } = reported
    memory ??= { hubId, incarnation, revision }
    if (incarnation === memory.incarnation) return
    if (incarnation > memory.incarnation && confirmed >= incarnation) {
      memory = { hubId, incarnation, revision }
      forked = undefined
      histories += 1
      return
    }
    markForked(incarnation, revision)
  }

  /** `atLeast` is what had been seen when the question was asked: an answer that is older is from another history. */
  function judgeRevision(revision: number, atLeast: number): void {
    if (!Number.isFinite(revision)) return
    settle(() => {
      if (!memory) return
      if (revision < atLeast && !forked) markForked(reported?.incarnation ?? memory.incarnation, revision)
      if (!forked && revision > memory.revision) memory.revision = revision
    })
  }

  /**
   * The hub's revision, for a memory that has just been read. What was listed before has not been compared with it, and
   * may be older for the good reason that another syncer went on: then the hub is asked once more.
   */
  async function revisionAfter(remembered: number): Promise<number> {
    if (memory && memory.revision >= remembered) return memory.revision
    return ask ? Number(await ask()) : 0
  }

  return {
    get open() {
      return isOpen()
    },
    get heard() {
      return reported !== undefined
    },
    get forked() {
      return forked
    },
    get incarnation() {
      return memory?.incarnation ?? 0
    },
    async load() {
      const claim = await maps.get({ namespace: agentNamespace, name: claimConfigMap }).catch(ignoreMissingObject)
      const said = (claim?.['data'] ?? {}) as Record<string, string>
      const ours = said['hubId'] === hubId && said['childClusterUid'] === childClusterUid
      if (!ours) {
        const owner = claim ? `hub ${said['hubId'] ?? '?'} as ${said['name'] ?? '?'}` : 'nobody'
        logger.error('this child cluster is not claimed by this hub', { claimedBy: owner })
        return false
      }
      const kept = await maps.get({ namespace: agentNamespace, name: stateConfigMap }).catch(ignoreMissingObject)
      const read = parseMemory(kept)
      const heard = read ? await revisionAfter(read.memory.revision) : 0
      settle(() => {
        claimed = true
        // What is not in the child yet, a fork that is found here among it, is written next.
        persisted = JSON.stringify(read ? [read.memory, read.forked] : [])
        if (read) {
          memory = read.memory
          forked = read.forked
          otherHub = read.memory.hubId !== hubId
          if (heard < memory.revision && !forked) markForked(reported?.incarnation ?? memory.incarnation, heard)
        }
      })
      return true
    },
    observeReport({ spec, metadata }) {
      if (!spec) return
      settle(() => {
        otherHub = spec.hubId !== hubId || (memory !== undefined && memory.hubId !== hubId)
        reported = {
          incarnation: spec.incarnation,
          confirmed: spec.confirmedIncarnation ?? 0,
          revision: Number(metadata.resourceVersion) || 0,
        }
        if (!otherHub) judgeIncarnation()
      })
    },
    guard(client) {
      ask ??= async () => (await client.list({ limit: 1 })).metadata.resourceVersion
      let listed = histories
      async function judgedList(listOptions: ListOptions) {
        const atLeast = memory?.revision ?? 0
        const page = await client.list(listOptions)
        // Later pages are of the first one's revision, which may be behind what others have seen meanwhile.
        if (listOptions.continue === undefined) judgeRevision(Number(page.metadata.resourceVersion), atLeast)
        return page
      }
      return {
        ...client,
        async list(listOptions: ListOptions = {}) {
          const page = await judgedList(listOptions)
          listed = histories
          return page
        },
        async *watch(watchOptions: WatchOptions = {}) {
          // A restored hub that has grown past our revision would let the watch go on as if nothing had happened.
          await judgedList({ limit: 1 })
          if (listed !== histories) throw expired('the hub has another history than the one that was listed')
          for await (const event of client.watch(watchOptions)) {
            judgeRevision(Number(event.object.metadata.resourceVersion), 0)
            yield event
          }
        },
      }
    },
    async persist() {
      const text = JSON.stringify([memory, forked])
      if (!memory || text === persisted) return
      const data = {
        hubId: memory.hubId,
        incarnation: String(memory.incarnation),
        revision: String(memory.revision),
        forked: forked ? JSON.stringify(forked) : '',
      }
      const name = { namespace: agentNamespace, name: stateConfigMap }
      const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: name, data }
      await maps.create(object).catch(async (error: unknown) => {
        if (!isAlreadyExists(error)) throw error
        await maps.patch(name, { type: 'merge', body: { data } })
      })
      persisted = text
    },
  }
}

function parseMemory(object: KubeObject | undefined): { memory: HubMemory; forked: Forked | undefined } | undefined {
  const data = object?.['data'] as Record<string, string> | undefined
  if (!data) return undefined
  const incarnation = Number(data['incarnation'])
  const revision = Number(data['revision'])
  if (data['hubId'] === undefined || !Number.isSafeInteger(incarnation) || !Number.isSafeInteger(revision))
    return undefined
  const memory = { hubId: data['hubId'], incarnation, revision }
  if (!data['forked']) return { memory, forked: undefined }
  try {
    return { memory, forked: JSON.parse(data['forked']) as Forked }
  } catch {
    return undefined
  }
}
