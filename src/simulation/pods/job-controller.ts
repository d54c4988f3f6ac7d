import type { Controller, ReconcileRequest, ReconcileResult } from '../../controller/controller.ts'
import { informerSource } from '../../controller/informer-source.ts'
import { isNotFound } from '../../meta/api-errors.ts'
import { generateName } from '../../meta/random-suffix.ts'
import { formatTime, parseTime } from '../../meta/time.ts'
import { claimObjects, ownerRequests } from '../claim-objects.ts'
import { lookAgainMs } from '../expectations.ts'
import { simulationController, type SimulationParts } from '../simulation-parts.ts'
import { jobs, pods as podResource } from '../simulated-resources.ts'
import type { Job, JobStatus, Pod } from '../workload-types.ts'
import { withCondition, writeStatus } from '../workload-status.ts'
import { formatIndexes, indexAnnotation, indexOf, parseIndexes } from './completion-indexes.ts'
import { hasEnded, isActive, isReady } from './pod-facts.ts'
import { createPod, deletePod, forEachBounded } from './write-pods.ts'

const kind = 'Job'
const parallelWrites = 8
const finishedTypes = ['Complete', 'Failed']

/**
 * Plays the Job controller: pods until enough of them have succeeded, Indexed jobs, suspension, the backoff limit and the
 * time to live of finished jobs. Its pods carry no tracking finalizer: one that somebody deletes before the job has
 * seen it end is not counted and runs again.
 */
export function jobController(parts: SimulationParts): Controller {
  const { informers } = parts
  return simulationController(parts, {
    name: 'job',
    sources: [informerSource(informers.jobs), informerSource(informers.pods, ownerRequests(kind, informers.jobs))],
    reconcile: (request) => reconcile(parts, request),
  })
}

async function reconcile(
  parts: SimulationParts,
  { namespace, name }: ReconcileRequest,
): Promise<ReconcileResult | void> {
  const { informers, client, expectations, clock } = parts
  const job = informers.jobs.get({ namespace, name })
  if (!job || job.metadata.deletionTimestamp || isManagedElsewhere(job)) return
  const nowMs = clock.now()
  const finished = job.status?.conditions?.find(({ type, status }) => finishedTypes.includes(type) && status === 'True')
  if (finished) return expire(parts, job, parseTime(finished.lastTransitionTime) ?? nowMs)
  const resource = client.resource<Pod>(podResource)
  const pods = await claimObjects({ owner: job, kind, informer: informers.pods, client: resource })
  const counts = expectations.isMet(job.metadata.uid ?? '')
  const progress = progressOf(job, pods)
  if (counts) await advance(parts, job, progress)
  await writeStatus(client.resource<Job>(jobs), job, statusOf(job, pods, progress, nowMs))
  return counts ? undefined : { requeueAfterMs: lookAgainMs }
}

interface Progress {
  active: readonly Pod[]
  terminating: number
  succeeded: number
  failed: number
  /** Indexed jobs: what has succeeded. */
  completedIndexes: ReadonlySet<number>
  outcome: 'Complete' | 'Failed' | undefined
}

function progressOf({ spec, status }: Job, pods: readonly Pod[]): Progress {
  const ended = (phase: string) => pods.filter((pod) => pod.status?.phase === phase)
  const active = pods.filter(isActive)
  const completedIndexes = parseIndexes(status?.completedIndexes ?? '')
  for (const pod of ended('Succeeded')) completedIndexes.add(indexOf(pod))
  const indexed = spec.completionMode === 'Indexed'
  const succeeded = indexed ? completedIndexes.size : Math.max(status?.succeeded ?? 0, ended('Succeeded').length)
  const failed = Math.max(status?.failed ?? 0, ended('Failed').length)
  // Without a number of completions the first success ends the job, as soon as no pod is left.
  const enough = spec.completions === undefined ? succeeded > 0 && active.length === 0 : succeeded >= spec.completions
  const outcome = failed > (spec.backoffLimit ?? 6) ? 'Failed' : enough ? 'Complete' : undefined
  const terminating = pods.filter(({ metadata, status: own }) => metadata.deletionTimestamp && !hasEnded(own?.phase))
  return { active, terminating: terminating.length, succeeded, failed, completedIndexes, outcome }
}

async function advance(parts: SimulationParts, job: Job, progress: Progress): Promise<void> {
  const { spec } = job
  const { active, succeeded, outcome, completedIndexes } = progress
  const left = spec.completions === undefined ? Infinity : spec.completions - succeeded
  const stopped = outcome !== undefined || spec.suspend === true
  const others = spec.completions === undefined && succeeded > 0 ? active.length : left
  const wanted = stopped ? 0 : Math.min(spec.parallelism ?? 1, others)
  const surplus = active.slice(wanted)
  await forEachBounded(surplus, parallelWrites, (pod) => deletePod(parts, job, pod))
  const missing = Array.from({ length: Math.max(0, wanted - active.length) }, (_, index) => index)
  if (spec.completionMode !== 'Indexed') {
    await forEachBounded(missing, parallelWrites, () => createPod(parts, { owner: job, kind, template: spec.template }))
    return
  }
  const taken = new Set([...completedIndexes, ...active.map(indexOf)])
  const free = Array.from({ length: spec.completions ?? 0 }, (_, index) => index).filter((index) => !taken.has(index))
  await forEachBounded(free.slice(0, missing.length), parallelWrites, (index) => {
    const mark = { [indexAnnotation]: String(index) }
    const hostname = `${job.metadata.name}-${index}`
    const name = generateName(`${hostname}-`)
    return createPod(parts, {
      owner: job,
      kind,
      template: spec.template,
      name,
      labels: mark,
      annotations: mark,
      spec: { hostname },
    })
  })
}

function statusOf(job: Job, pods: readonly Pod[], progress: Progress, nowMs: number): JobStatus {
  const { spec, status } = job
  const { active, terminating, succeeded, failed, completedIndexes } = progress
  const time = formatTime(nowMs)
  // A job is finished only when nothing of it runs any more.
  const outcome = active.length + terminating === 0 ? progress.outcome : undefined
  const startTime = spec.suspend ? undefined : (status?.startTime ?? time)
  const conditions = conditionsOf(job, progress.outcome, outcome, time)
  return {
    ...(startTime === undefined ? {} : { startTime }),
    ...(outcome === 'Complete' ? { completionTime: time } : {}),
    active: active.length,
    ready: active.filter(isReady).length,
    terminating,
    succeeded,
    failed,
    ...(spec.completionMode === 'Indexed' ? { completedIndexes: formatIndexes(completedIndexes) } : {}),
    ...(status?.uncountedTerminatedPods ? { uncountedTerminatedPods: status.uncountedTerminatedPods } : {}),
    ...(conditions.length > 0 ? { conditions } : {}),
  }
}

type JobConditions = NonNullable<JobStatus['conditions']>

/** First that it will end, then, when all pods are gone, that it has. */
function conditionsOf(job: Job, expected: Progress['outcome'], reached: Progress['outcome'], time: string) {
  const { spec, status } = job
  let conditions: JobConditions = status?.conditions ?? []
  const set = (type: string, value: 'True' | 'False', reason: string, message: string) => {
    conditions = withCondition<JobConditions[number]>(
      conditions,
      { type, status: value, reason, message, lastProbeTime: time },
      time,
    )
  }
  if (spec.suspend) set('Suspended', 'True', 'JobSuspended', 'Job suspended')
  else if (conditions.some(({ type }) => type === 'Suspended')) set('Suspended', 'False', 'JobResumed', 'Job resumed')
  if (expected === 'Complete') {
    const told = ['CompletionsReached', 'Reached expected number of succeeded pods'] as const
    set('SuccessCriteriaMet', 'True', ...told)
    if (reached) set('Complete', 'True', ...told)
  } else if (expected === 'Failed') {
    const told = ['BackoffLimitExceeded', 'Job has reached the specified backoff limit'] as const
    set('FailureTarget', 'True', ...told)
    if (reached) set('Failed', 'True', ...told)
  }
  return conditions
}

async function expire({ client, clock }: SimulationParts, { metadata, spec }: Job, finishedMs: number) {
  if (spec.ttlSecondsAfterFinished === undefined) return undefined
  const leftMs = finishedMs + spec.ttlSecondsAfterFinished * 1_000 - clock.now()
  if (leftMs > 0) return { requeueAfterMs: leftMs }
  const { namespace = '', name = '', uid = '' } = metadata
  await client
    .resource<Job>(jobs)
    .delete({ namespace, name }, { propagationPolicy: 'Foreground', preconditions: { uid } })
    .catch((error: unknown) => {
      if (!isNotFound(error)) throw error
    })
  return undefined
}

function isManagedElsewhere({ spec }: Job): boolean {
  const manager = (spec as { managedBy?: string }).managedBy
  return manager !== undefined && manager !== 'kubernetes.io/job-controller'
}
