import type { JsonObject } from '../../meta/object.ts'
import { formatTime } from '../../meta/time.ts'
import type { Container, Pod, PodCondition } from '../workload-types.ts'

/** The status of a pod whose containers have all started, as a kubelet would write it. */
export function runningStatus(pod: Pod, hostIp: string, nowMs: number): JsonObject {
  const time = formatTime(nowMs)
  const podIp = pod.spec.hostNetwork ? hostIp : podAddress(pod.metadata.uid ?? '')
  return {
    phase: 'Running',
    observedGeneration: pod.metadata.generation ?? 1,
    startTime: pod.status?.startTime ?? time,
    hostIP: hostIp,
    hostIPs: [{ ip: hostIp }],
    podIP: podIp,
    podIPs: [{ ip: podIp }],
    conditions: conditionsOf(pod, time),
    containerStatuses: pod.spec.containers.map((container) => started(pod, container, time)),
    ...(pod.spec.initContainers
      ? {
          initContainerStatuses: pod.spec.initContainers.map((container) =>
            container.restartPolicy === 'Always'
              ? started(pod, container, time)
              : completed(pod, container, time, time),
          ),
        }
      : {}),
  }
}

/** The status of a pod whose containers have all ended well. */
export function succeededStatus(pod: Pod, nowMs: number): JsonObject {
  const time = formatTime(nowMs)
  const startTime = pod.status?.startTime ?? time
  const ended = (pod.status?.conditions ?? []).map((condition) => {
    const changes = ['Ready', 'ContainersReady', 'PodReadyToStartContainers'].includes(condition.type)
    return changes
      ? { ...condition, status: 'False', reason: 'PodCompleted', lastTransitionTime: time }
      : { ...condition }
  })
  return {
    phase: 'Succeeded',
    conditions: ended,
    containerStatuses: pod.spec.containers.map((container) => completed(pod, container, startTime, time)),
  }
}

function conditionsOf({ spec, status }: Pod, time: string): JsonObject[] {
  const gates = (spec.readinessGates ?? []).map(({ conditionType }) => conditionType)
  const own = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', ...gates]
  const before = (status?.conditions ?? []).filter(({ type }) => !own.includes(type))
  const scheduled: PodCondition[] = before.some(({ type }) => type === 'PodScheduled')
    ? before
    : [...before, { type: 'PodScheduled', status: 'True', lastTransitionTime: time }]
  const conditions = [...own.map((type) => ({ type, status: 'True', lastTransitionTime: time })), ...scheduled]
  return conditions.map((condition) => ({ ...condition }))
}

function started(pod: Pod, { name, image = '' }: Container, time: string): JsonObject {
  return {
    name,
    image,
    imageID: `simulated://${image}`,
    containerID: `simulated://${pod.metadata.uid}/${name}`,
    ready: true,
    started: true,
    restartCount: 0,
    lastState: {},
    state: { running: { startedAt: time } },
  }
}

function completed(pod: Pod, container: Container, startedAt: string, finishedAt: string): JsonObject {
  const { containerID } = started(pod, container, startedAt)
  const terminated = { exitCode: 0, reason: 'Completed', startedAt, finishedAt, containerID }
  return { ...started(pod, container, startedAt), ready: false, started: false, state: { terminated } }
}

/** An address of its own for a pod, from 198.19.0.0/16 (see `nodeAddress`). Nothing answers there. */
function podAddress(uid: string): string {
  const number = Number.parseInt(uid.slice(0, 4), 16) || 1
  return `198.19.${(number >> 8) & 255}.${number & 255}`
}
