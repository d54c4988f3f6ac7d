import type { KubeObject } from '../../../../meta/object.ts'
import type { Cell } from '../../builtin-kind.ts'
import { booleanAt, type Fields, fieldsAt, listAt, numberAt, stringAt } from '../../fields.ts'
import { ageOf } from '../../table-cells.ts'

/** What the containers of a pod say together: the Ready, Status and Restarts columns. */
interface PodSummary {
  ready: number
  total: number
  reason: string
  restarts: number
  /** RFC 3339, or empty. */
  lastRestart: string
}

/** Three cells of a row ask for the same pod, one after the other. */
let lastPod: KubeObject | undefined
let lastSummary: PodSummary | undefined

function summaryOf(pod: KubeObject): PodSummary {
  if (pod !== lastPod || lastSummary === undefined) {
    lastSummary = summarize(pod)
    lastPod = pod
  }
  return lastSummary
}

function summarize(pod: KubeObject): PodSummary {
  const sidecars = new Set(
    listAt(pod, 'spec', 'initContainers')
      .filter((container) => container['restartPolicy'] === 'Always')
      .map((container) => container['name']),
  )
  const summary: PodSummary = {
    ready: 0,
    total: listAt(pod, 'spec', 'containers').length + sidecars.size,
    reason: baseReason(pod),
    restarts: 0,
    lastRestart: '',
  }
  const restartsOfSidecars = { restarts: 0, lastRestart: '' }
  const initializing = addInitContainers(pod, sidecars, summary, restartsOfSidecars)
  if (!initializing || hasCondition(pod, 'Initialized')) {
    Object.assign(summary, restartsOfSidecars)
    addContainers(pod, summary)
  }
  const phase = stringAt(pod, 'status', 'phase')
  if (pod.metadata.deletionTimestamp) {
    if (stringAt(pod, 'status', 'reason') === 'NodeLost') summary.reason = 'Unknown'
    else if (phase !== 'Failed' && phase !== 'Succeeded') summary.reason = 'Terminating'
  }
  return summary
}

function baseReason(pod: KubeObject): string {
  const gated = listAt(pod, 'status', 'conditions').some(
    (condition) => condition['type'] === 'PodScheduled' && condition['reason'] === 'SchedulingGated',
  )
  if (gated) return 'SchedulingGated'
  return stringAt(pod, 'status', 'reason') || stringAt(pod, 'status', 'phase')
}

function hasCondition(pod: KubeObject, type: string): boolean {
  return listAt(pod, 'status', 'conditions').some(
    (condition) => condition['type'] === type && condition['status'] === 'True',
  )
}

type Restarts = Pick<PodSummary, 'restarts' | 'lastRestart'>

function countRestarts(status: Fields, into: Restarts): void {
  into.restarts += numberAt(status, 'restartCount') ?? 0
  const finished = stringAt(status, 'lastState', 'terminated', 'finishedAt')
  if (finished !== '' && (into.lastRestart === '' || Date.parse(finished) > Date.parse(into.lastRestart))) {
    into.lastRestart = finished
  }
}

/** True when initialization has not come to its end; then the reason says where it is. */
function addInitContainers(
  pod: KubeObject,
  sidecars: ReadonlySet<unknown>,
  summary: PodSummary,
  restartsOfSidecars: Restarts,
): boolean {
  const statuses = listAt(pod, 'status', 'initContainerStatuses')
  for (const [index, status] of statuses.entries()) {
    const isSidecar = sidecars.has(status['name'])
    countRestarts(status, summary)
    if (isSidecar) countRestarts(status, restartsOfSidecars)
    const terminated = fieldsAt(status, 'state', 'terminated')
    if (terminated && (numberAt(terminated, 'exitCode') ?? 0) === 0) continue
    if (isSidecar && booleanAt(status, 'started')) {
      if (booleanAt(status, 'ready')) summary.ready++
      continue
    }
    const waiting = stringAt(status, 'state', 'waiting', 'reason')
    if (terminated) summary.reason = `Init:${terminationReason(terminated)}`
    else if (waiting !== '' && waiting !== 'PodInitializing') summary.reason = `Init:${waiting}`
    else summary.reason = `Init:${index}/${listAt(pod, 'spec', 'initContainers').length}`
    return true
  }
  return false
}

function terminationReason(terminated: Fields): string {
  const signal = numberAt(terminated, 'signal') ?? 0
  const code = signal === 0 ? `ExitCode:${numberAt(terminated, 'exitCode') ?? 0}` : `Signal:${signal}`
  return stringAt(terminated, 'reason') || code
}

function addContainers(pod: KubeObject, summary: PodSummary): void {
  let running = false
  let errorReason = ''
  for (const status of listAt(pod, 'status', 'containerStatuses').toReversed()) {
    countRestarts(status, summary)
    const waiting = stringAt(status, 'state', 'waiting', 'reason')
    const terminated = fieldsAt(status, 'state', 'terminated')
    if (waiting !== '') summary.reason = waiting
    else if (terminated) {
      summary.reason = terminationReason(terminated)
      if ((numberAt(terminated, 'exitCode') ?? 0) !== 0) errorReason = summary.reason
    } else if (booleanAt(status, 'ready') && fieldsAt(status, 'state', 'running')) {
      running = true
      summary.ready++
    }
  }
  if (summary.reason !== 'Completed') return
  if (running && hasCondition(pod, 'Ready')) summary.reason = 'Running'
  else if (errorReason !== '') summary.reason = errorReason
  else if (running) summary.reason = 'NotReady'
}

function readinessGates(pod: KubeObject): string {
  const gates = listAt(pod, 'spec', 'readinessGates')
  if (gates.length === 0) return '<none>'
  const conditions = listAt(pod, 'status', 'conditions')
  const open = gates.filter((gate) => {
    const condition = conditions.find((item) => item['type'] === gate['conditionType'])
    return condition?.['status'] === 'True'
  })
  return `${open.length}/${gates.length}`
}

export const podCells: Readonly<Record<string, Cell>> = {
  Ready: (pod) => `${summaryOf(pod).ready}/${summaryOf(pod).total}`,
  Status: (pod) => summaryOf(pod).reason,
  Restarts: (pod, { nowMs }) => {
    const { restarts, lastRestart } = summaryOf(pod)
    return restarts === 0 || lastRestart === '' ? String(restarts) : `${restarts} (${ageOf(lastRestart, nowMs)} ago)`
  },
  IP: (pod) => stringAt(listAt(pod, 'status', 'podIPs')[0], 'ip') || '<none>',
  Node: (pod) => stringAt(pod, 'spec', 'nodeName') || '<none>',
  'Nominated Node': (pod) => stringAt(pod, 'status', 'nominatedNodeName') || '<none>',
  'Readiness Gates': readinessGates,
}
