import { isAlreadyExists, isApiStatusError, isConflict, isForbidden, isNotFound } from '../meta/api-errors.ts'
import type { Delivery } from '../meta/fleet/delivery.ts'
import type { KubeObject } from '../meta/object.ts'
import { type Actor, type ApplyOptions, isTypeMissing, NotActingError } from './child-api.ts'
import { deliveryMark, handoverFieldManager } from './child-names.ts'
import { type ObservedObject, observe, type TypeWatch } from './child-watches.ts'
import { finishedCopy } from './finished-copy.ts'
import { lostPaths, toFieldPaths } from './field-paths.ts'
import { type PreparedObject, gvrOf, prepareManifest } from './prepare-manifest.ts'
import { refuse, type Refusal } from './refusal.ts'
import { slotIndexes, type SlotParts, workloadKey } from './slot-parts.ts'
import { countRepairs, type Outcome, type SlotRecord } from './slot-record.ts'

/** Look again after this time, or only when something changes. */
export type Again = { requeueAfterMs: number } | undefined

const fightPauseMs = 10 * 60_000
const notServedRetryMs = 10_000
const forbiddenRetryMs = 10_000
const goingRetryMs = 1_000
const rightsDelaysMs = [10, 25, 50, 100, 200] // a new binding takes a moment to reach the child's authorizer
const absentVersion = '1' // no object has it: what is applied with it is created, or refused where something is
const applied: Outcome = { status: 'True', reason: 'Applied', message: '' }
const replicasPath = '.spec.replicas'
const wholeObject = '(object)' // in the count of repairs: the object itself was deleted

/** Brings one slot's object into the child and keeps it there. Sets `record.outcome`; throws what is worth a retry. */
export async function deliverSlot(parts: SlotParts, delivery: Delivery, record: SlotRecord): Promise<Again> {
  const { spec } = delivery
  const gvr = gvrOf(delivery)
  const withoutReplicas = isAutoscaled(parts, delivery)
  const version = versionOf(delivery, withoutReplicas)
  const watch = gvr && parts.watches.follow(gvr)
  const observed = watch?.get(spec.targetNamespace, spec.source.name)
  if (isStanding(record, version, observed)) return undefined
  const finished = finishedCopy(delivery, record, observed)
  if (finished) {
    record.finished = finished
    record.outcome = applied
    delete record.conflict
    return undefined
  }
  delete record.finished
  if (record.stopped) {
    const leftMs = record.stopped.untilMs - parts.clock.now()
    if (record.stopped.version === version && leftMs > 0) return { requeueAfterMs: leftMs }
    delete record.stopped
  }
  const preparation = prepareManifest(delivery, withoutReplicas)
  if (!preparation.ok || !watch) {
    fail(record, preparation.ok ? refuse('InvalidOnChild', 'the slot names no type') : preparation.refusal)
    return undefined
  }
  const waitingFor = spec.after?.find((name) => !isInPlace(parts.deliveries.get({ name })))
  if (waitingFor !== undefined) {
    fail(record, refuse('WaitingForDependency', `${waitingFor} is not yet applied`))
    return undefined
  }
  const foreign = await parts.spaces.ensure(spec)
  if (foreign) {
    fail(record, foreign)
    return foreign.reason === 'Pending' ? { requeueAfterMs: goingRetryMs } : undefined
  }
  const work = { ...preparation.prepared, version, watch, handedOver: withoutReplicas }
  return new SlotDelivery(parts, delivery, record, work).run(observed)
}

/** Changes whenever there is something else to apply. */
function versionOf({ metadata, spec }: Delivery, withoutReplicas: boolean): string {
  return `${metadata.uid}/${spec.epoch}/${metadata.generation ?? 0}/${spec.sourceUid}/${withoutReplicas ? 'autoscaled' : ''}`
}

function isStanding(record: SlotRecord, version: string, observed: ObservedObject | undefined): boolean {
  return (
    record.appliedVersion === version &&
    observed !== undefined &&
    observed.uid === record.appliedUid &&
    observed.owned === record.owned &&
    !observed.deleting
  )
}

function isAutoscaled({ deliveries }: SlotParts, { spec: { source } }: Delivery): boolean {
  return deliveries.byIndex(slotIndexes.autoscaled, workloadKey(source, source.kind, source.name)).length > 0
}

/** A slot that others wait for: applied in its present epoch, and, for a CRD, established. */
export function isInPlace(delivery: Delivery | undefined): boolean {
  if (!delivery || delivery.spec.desired !== 'Present') return false
  const { spec, status } = delivery
  const isTrue = (type: string) => status?.conditions?.find((one) => one.type === type)?.status === 'True'
  if (status?.observedEpoch !== spec.epoch || !isTrue('Applied')) return false
  return spec.source.kind !== 'CustomResourceDefinition' || isTrue('Available')
}

function fail(record: SlotRecord, { reason, message }: Refusal): void {
  record.outcome = { status: 'False', reason, message }
  if (reason !== 'Conflict') delete record.conflict
}

interface SlotWork extends PreparedObject {
  version: string
  watch: TypeWatch
  /** An autoscaler has `spec.replicas`. */
  handedOver: boolean
}

/** One attempt at one slot, from looking at what is there to the server's answer. */
class SlotDelivery {
  readonly #parts: SlotParts
  readonly #delivery: Delivery
  readonly #record: SlotRecord
  readonly #work: SlotWork
  readonly #actor: Actor

  constructor(parts: SlotParts, delivery: Delivery, record: SlotRecord, work: SlotWork) {
    this.#parts = parts
    this.#delivery = delivery
    this.#record = record
    this.#work = work
    const { applyAs, source } = delivery.spec
    this.#actor = applyAs === 'workspace' ? source.logicalCluster : undefined
  }

  async run(observed: ObservedObject | undefined): Promise<Again> {
    try {
      return await this.#run(observed)
    } catch (error) {
      return this.#explain(error)
    }
  }

  async #run(observed: ObservedObject | undefined): Promise<Again> {
    const { appliedUid, outcome } = this.#record
    const wasMet = (appliedUid ?? this.#delivery.status?.appliedUid) !== undefined || outcome.reason === 'NotOurs'
    // What was never met is hardly there: there is no need to look first.
    const live = observed ?? (wasMet ? await this.#look() : undefined)
    return live ? this.#meet(live) : this.#create()
  }

  async #meet(live: ObservedObject): Promise<Again> {
    if (!this.#isOurs(live)) return this.#meetForeign()
    if (live.deleting) return this.#wait('the object is being deleted in the child cluster')
    // Another source of the same name: the old one's copy goes first, and with it whatever belongs to it.
    return this.#isOfAnotherSource(live) ? this.#replace(live) : this.#update(live)
  }

  async #look(): Promise<ObservedObject | undefined> {
    const { gvr, object } = this.#work
    const { namespace, name = '' } = object.metadata
    const live = await this.#parts.child.get(gvr, namespace === undefined ? { name } : { namespace, name })
    return live && observe(live)
  }

  #isOurs(live: ObservedObject): boolean {
    const recorded = this.#record.appliedUid ?? this.#delivery.status?.appliedUid
    return live.uid === recorded || live.mark === deliveryMark(this.#delivery)
  }

  /** By what was recorded when it was applied: what the object itself says, anybody in the child can have written. */
  #isOfAnotherSource({ uid }: ObservedObject): boolean {
    const { spec, status } = this.#delivery
    const { appliedUid, appliedSourceUid, adopted } = { ...status, ...this.#record }
    if (adopted || appliedUid !== uid || appliedSourceUid === undefined) return false
    return appliedSourceUid !== spec.sourceUid
  }

  /** Never touches what is there. */
  async #create(): Promise<Again> {
    const { object } = this.#work
    if (this.#record.appliedVersion === this.#work.version && this.#isFought([wholeObject], 'deleted'))
      return this.#pause()
    const target = { ...object, metadata: { ...object.metadata, resourceVersion: absentVersion } }
    try {
      this.#settle(await this.#apply(target, { actor: this.#actor }), false)
      return undefined
    } catch (error) {
      const live = isConflict(error) || isAlreadyExists(error) ? await this.#look() : undefined
      if (!live) throw error
      return this.#meet(live)
    }
  }

  async #update(live: ObservedObject): Promise<Again> {
    const { object, version } = this.#work
    const { driftPolicy } = this.#delivery.spec
    const isRepair = this.#record.appliedVersion === version
    if (isRepair) {
      const lost = lostPaths(this.#record.owned ?? '', live.owned)
      if (driftPolicy === 'Report') {
        this.#record.conflict = {
          status: 'True',
          reason: 'Drifted',
          message: `changed in the child cluster: ${listOf(lost)}`,
        }
        return undefined
      }
      if (lost.length > 0 && this.#isFought(lost, 'changed')) return this.#pause()
    }
    await this.#handOverReplicas(live)
    const target = { ...object, metadata: { ...object.metadata, uid: live.uid } }
    const applied = await this.#apply(target, { actor: this.#actor }).catch(async (error: unknown) => {
      const fields = conflictingFields(error)
      if (!fields || !this.#hadApplied(fields, live)) throw error
      if (!isRepair && this.#isFought(fields, 'changed')) return undefined
      return this.#apply(target, { actor: this.#actor, force: true })
    })
    if (!applied) return this.#pause()
    this.#settle(applied, this.#record.adopted ?? this.#delivery.status?.adopted ?? false)
    return undefined
  }

  /** Fields that we had applied may be put back by force; others belong to whoever wrote them. */
  #hadApplied(fields: readonly string[], live: ObservedObject): boolean {
    const { spec, status } = this.#delivery
    if (spec.conflictPolicy === 'Overwrite') return true
    if (spec.driftPolicy !== 'Enforce') return false
    // An autoscaler had them from us, and has gone: they are the workspace's again.
    const others = this.#wasHandedOver() ? fields.filter((field) => field !== replicasPath) : fields
    if (others.length === 0) return true
    if (this.#record.owned !== undefined) {
      const had = new Set(toFieldPaths(this.#record.owned))
      return others.every((field) => had.has(field))
    }
    // After a restart: the very same manifest was applied to this very object before.
    return status?.appliedHash === this.#work.hash && status.appliedUid === live.uid
  }

  #wasHandedOver(): boolean {
    return this.#record.handedOver ?? this.#delivery.status?.handedOver ?? false
  }

  /** Letting go of `replicas` would set it to its default: another manager of ours holds it until the autoscaler writes. */
  async #handOverReplicas(live: ObservedObject): Promise<void> {
    const { object, gvr } = this.#work
    const spec = object['spec'] as { replicas?: unknown } | undefined
    if (spec?.replicas !== undefined || !toFieldPaths(live.owned).includes(replicasPath)) return
    const { name = '', namespace } = object.metadata
    if (namespace === undefined) return
    const current = await this.#parts.child.get(gvr, { namespace, name })
    const replicas = (current?.['spec'] as { replicas?: number } | undefined)?.replicas
    if (replicas === undefined || current?.metadata.uid !== live.uid) return
    const { apiVersion = '', kind = '' } = object
    const held = { apiVersion, kind, metadata: { name, namespace, uid: live.uid }, spec: { replicas } }
    await this.#parts.child.apply(gvr, held, { actor: this.#actor, manager: handoverFieldManager, force: true })
  }

  async #replace(live: ObservedObject): Promise<Again> {
    const { gvr, object, watch } = this.#work
    const { name = '', namespace } = object.metadata
    const objectName = namespace === undefined ? { name } : { namespace, name }
    const gone = await this.#parts.child.delete(gvr, objectName, live.uid, this.#actor)
    if (!gone) return this.#wait('the copy of the source object that was deleted is on its way out')
    watch.drop(namespace ?? '', name)
    delete this.#record.appliedVersion
    return { requeueAfterMs: 0 }
  }

  async #meetForeign(): Promise<Again> {
    const { conflictPolicy, source } = this.#delivery.spec
    const { gvr, object } = this.#work
    const { name = '', namespace } = object.metadata
    const live = await this.#parts.child.get(gvr, namespace === undefined ? { name } : { namespace, name })
    if (!live) return { requeueAfterMs: 0 }
    const target = { ...object, metadata: { ...object.metadata, uid: live.metadata.uid ?? '' } }
    const takenOver =
      conflictPolicy === 'Overwrite' || (conflictPolicy === 'AdoptIfEqual' && (await this.#isEqual(live, target)))
    if (!takenOver) {
      const why = conflictPolicy === 'AdoptIfEqual' ? 'exists, is not ours and differs' : 'exists and is not ours'
      fail(this.#record, refuse('NotOurs', `${source.kind} ${namespace ?? ''}/${name} ${why}`))
      return { requeueAfterMs: notServedRetryMs }
    }
    const applied = await this.#apply(target, { actor: this.#actor, force: conflictPolicy === 'Overwrite' })
    this.#settle(applied, true)
    return undefined
  }

  /** Equal: applying would change nothing but our marks. The server itself is asked, so that defaults do not count. */
  async #isEqual(live: KubeObject, target: KubeObject): Promise<boolean> {
    try {
      const trial = await this.#apply(target, { actor: this.#actor, dryRun: true })
      return withoutMarks(trial) === withoutMarks(live)
    } catch (error) {
      if (isConflict(error)) return false
      throw error
    }
  }

  /** Right after a binding was made, the child's authorizer may not know it yet. */
  async #apply(object: KubeObject, options: ApplyOptions): Promise<KubeObject> {
    const { child, spaces, clock } = this.#parts
    for (let attempt = 0; ; attempt++) {
      try {
        return await child.apply(this.#work.gvr, object, options)
      } catch (error) {
        const delayMs = rightsDelaysMs[attempt]
        if (!isForbidden(error) || options.actor === undefined || delayMs === undefined) throw error
        if (attempt === 1) {
          // Not a matter of time: somebody may have taken the binding away.
          spaces.forget(this.#delivery.spec)
          await spaces.ensure(this.#delivery.spec)
        }
        await new Promise<void>((resolve) => clock.after(delayMs, resolve))
      }
    }
  }

  #settle(object: KubeObject, adopted: boolean): void {
    const { version, hash, watch, gvr, handedOver } = this.#work
    const record = this.#record
    const observed = watch.note(object)
    if (!watch.hasSynced) this.#parts.watches.wake(gvr)
    record.appliedVersion = version
    record.appliedUid = observed.uid
    record.appliedSourceUid = this.#delivery.spec.sourceUid
    record.handedOver = handedOver
    record.adopted = adopted
    record.appliedHash = hash
    record.appliedGeneration = this.#delivery.spec.sourceGeneration
    record.appliedChildGeneration = object.metadata.generation ?? 0
    record.owned = observe(object).owned
    record.outcome = applied
    delete record.conflict
    delete record.lastSeen
    delete record.finished
  }

  #isFought(paths: readonly string[], what: 'changed' | 'deleted'): boolean {
    const { clock } = this.#parts
    const fought = countRepairs(this.#record, paths, clock.now())
    if (fought.length === 0) return false
    const message = `${listOf(fought)} was ${what} again after it had been put back three times within a minute`
    fail(this.#record, refuse('Conflict', message))
    this.#record.conflict = { status: 'True', reason: 'Contested', message }
    this.#record.stopped = { version: this.#work.version, untilMs: clock.now() + fightPauseMs }
    return true
  }

  #pause(): Again {
    return { requeueAfterMs: fightPauseMs }
  }

  #wait(message: string): Again {
    fail(this.#record, refuse('Pending', message))
    return { requeueAfterMs: goingRetryMs }
  }

  /** An answer that only time or a person can change becomes an outcome; everything else is thrown, to be tried again. */
  #explain(error: unknown): Again {
    if (error instanceof NotActingError) throw error
    const { record, message } = {
      record: this.#record,
      message: error instanceof Error ? error.message : String(error),
    }
    const fields = conflictingFields(error)
    if (fields) {
      fail(record, refuse('Conflict', message))
      record.conflict = { status: 'True', reason: 'FieldManagerConflict', message }
      return { requeueAfterMs: notServedRetryMs }
    }
    if (isTypeMissing(error)) {
      fail(
        record,
        refuse('KindNotServed', `the child cluster does not serve ${this.#delivery.spec.source.kind} in this version`),
      )
      return { requeueAfterMs: notServedRetryMs }
    }
    if (isForbidden(error)) {
      fail(record, refuse('ForbiddenByChild', message))
      return { requeueAfterMs: forbiddenRetryMs }
    }
    if (isTooLarge(error)) {
      fail(record, refuse('TooLarge', message))
      return undefined
    }
    if (isApiStatusError(error) && (error.code === 422 || error.code === 400)) {
      fail(record, refuse('InvalidOnChild', message))
      return undefined
    }
    if (record.appliedVersion !== this.#work.version && !isConflict(error) && !isNotFound(error))
      fail(record, refuse('ChildUnreachable', message))
    throw error
  }
}

/** A child's store has its own limit, managedFields included, and says so as an internal error. */
function isTooLarge(error: unknown): boolean {
  if (!isApiStatusError(error)) return false
  return error.code === 413 || /request is too large|message larger than max/.test(error.message)
}

const namedPaths = 5 // enough to see what kind of change it is

function listOf(paths: readonly string[]): string {
  const more = paths.length > namedPaths ? ` and ${paths.length - namedPaths} more` : ''
  return paths.slice(0, namedPaths).join(', ') + more
}

/** The fields that a 409 of a server-side apply names; undefined for every other error. */
export function conflictingFields(error: unknown): string[] | undefined {
  if (!isConflict(error) || !isApiStatusError(error)) return undefined
  const causes = (error.status.details?.causes ?? []).filter(({ reason }) => reason === 'FieldManagerConflict')
  return causes.length > 0 ? causes.map(({ field }) => field ?? '') : undefined
}

function withoutMarks(object: KubeObject): string {
  const { managedFields: _, resourceVersion: __, generation: ___, labels, annotations, ...metadata } = object.metadata
  const foreign = (record: Record<string, string> = {}) =>
    Object.entries(record)
      .filter(([key]) => !key.includes('fleet.atoll.dev/'))
      .sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify({ ...object, metadata: [metadata, foreign(labels), foreign(annotations)] })
}
