import type { AgentReport } from '../../meta/fleet/delivery.ts'
import { fleetGroup } from '../../meta/fleet/fleet-names.ts'
import { formatTime } from '../../meta/time.ts'
import { isJsonObject } from '../../meta/patch/json-value.ts'
import type { AdmissionPlugin } from './admission.ts'

/**
 * Notes by the hub's own clock when an agent's heartbeat came in: whether a child is reachable is not to depend on what
 * the child's clock says. A report without a new heartbeat keeps the time of its last one.
 */
export function createHeartbeatReceipt(nowMs: () => number): AdmissionPlugin {
  return {
    name: 'HeartbeatReceipt',
    handles: ({ operation, group, resource, subresource }) =>
      operation === 'UPDATE' && group === fleetGroup && resource === 'agentreports' && subresource === 'status',
    mutate({ object, oldObject }) {
      const { status } = object as AgentReport
      const before = (oldObject as AgentReport).status
      if (!isJsonObject(status)) return
      const isNew = status.heartbeatTime !== undefined && status.heartbeatTime !== before?.heartbeatTime
      const receivedTime = isNew ? formatTime(nowMs()) : before?.receivedTime
      if (receivedTime === undefined) delete status.receivedTime
      else status.receivedTime = receivedTime
    },
  }
}
