import type { KubeObject } from '../../../../meta/object.ts'
import { defaultTo, ensureFields, type Fields, fieldsAt, listAt } from '../../fields.ts'
import { defaultCpuUtilization } from './autoscaler-conversion.ts'
import { cpuUtilizationMetric } from './metrics-conversion.ts'

export function defaultAutoscaler(autoscaler: KubeObject, version: string): void {
  const spec = fieldsAt(autoscaler, 'spec')
  if (spec === undefined) return
  defaultTo(spec, 'minReplicas', 1)
  // In v1 the same happens when it is converted: only then all metrics are known.
  if (version === 'v1') return
  if (listAt(spec, 'metrics').length === 0) spec['metrics'] = [cpuUtilizationMetric(defaultCpuUtilization)]
  const behavior = fieldsAt(spec, 'behavior')
  if (behavior) defaultBehavior(behavior)
  const status = fieldsAt(autoscaler, 'status')
  if (status) defaultTo(status, 'currentMetrics', null)
}

function defaultBehavior(behavior: Fields): void {
  const percent = { type: 'Percent', value: 100, periodSeconds: 15 }
  const scaleUp = ensureFields(behavior, 'scaleUp')
  if (scaleUp) {
    defaultTo(scaleUp, 'stabilizationWindowSeconds', 0)
    defaultTo(scaleUp, 'selectPolicy', 'Max')
    defaultTo(scaleUp, 'policies', [{ type: 'Pods', value: 4, periodSeconds: 15 }, percent])
  }
  const scaleDown = ensureFields(behavior, 'scaleDown')
  if (scaleDown) {
    defaultTo(scaleDown, 'selectPolicy', 'Max')
    defaultTo(scaleDown, 'policies', [percent])
  }
}
