import type { KubeObject } from '../../../../meta/object.ts'
import type { Cell } from '../../builtin-kind.ts'
import { type Fields, fieldsAt, listAt, numberAt, stringAt } from '../../fields.ts'
import { countCell } from '../../table-cells.ts'
import { toV2Autoscaler } from './autoscaler-conversion.ts'

const shownMetrics = 2
const members: Readonly<Record<string, string>> = {
  External: 'external',
  Pods: 'pods',
  Object: 'object',
  Resource: 'resource',
  ContainerResource: 'containerResource',
}

function targetsCell(autoscaler: KubeObject): string {
  const metrics = listAt(autoscaler, 'spec', 'metrics')
  if (metrics.length === 0) return '<none>'
  const current = listAt(autoscaler, 'status', 'currentMetrics')
  const texts = metrics.map((metric, index) => formatMetric(metric, current[index]))
  const shown = texts.slice(0, shownMetrics).join(', ')
  return texts.length > shownMetrics ? `${shown} + ${texts.length - shownMetrics} more...` : shown
}

function formatMetric(metric: Fields, status: Fields | undefined): string {
  const type = stringAt(metric, 'type')
  const member = Object.hasOwn(members, type) ? members[type] : undefined
  const source = member === undefined ? undefined : fieldsAt(metric, member)
  if (member === undefined || source === undefined) return '<unknown type>'
  const current = fieldsAt(status, member)
  if (member === 'resource' || member === 'containerResource') return formatResource(source, current)
  const average = stringAt(source, 'target', 'averageValue')
  const currentAverage = stringAt(current, 'current', 'averageValue')
  if (member === 'pods') return `${current ? currentAverage || '0' : '<unknown>'}/${average || '0'}`
  if (average !== '') return `${currentAverage || '<unknown>'}/${average} (avg)`
  const value = stringAt(current, 'current', 'value') || '0'
  return `${current ? value : '<unknown>'}/${stringAt(source, 'target', 'value') || '0'}`
}

function formatResource(source: Fields, current: Fields | undefined): string {
  const name = stringAt(source, 'name')
  const average = stringAt(source, 'target', 'averageValue')
  if (average !== '') {
    const value = current ? stringAt(current, 'current', 'averageValue') || '0' : '<unknown>'
    return `${name}: ${value}/${average}`
  }
  const percent = (amount: number | undefined, otherwise: string): string =>
    amount === undefined ? otherwise : `${amount}%`
  const target = percent(numberAt(source, 'target', 'averageUtilization'), '<auto>')
  return `${name}: ${percent(numberAt(current, 'current', 'averageUtilization'), '<unknown>')}/${target}`
}

export const autoscalerCells: Readonly<Record<string, Cell>> = {
  Reference: (object) =>
    `${stringAt(object, 'spec', 'scaleTargetRef', 'kind')}/${stringAt(object, 'spec', 'scaleTargetRef', 'name')}`,
  Targets: targetsCell,
  MinPods: (object) => String(numberAt(object, 'spec', 'minReplicas') ?? '<unset>'),
  MaxPods: countCell('spec', 'maxReplicas'),
  Replicas: countCell('status', 'currentReplicas'),
}

/** Rows in the v1 form. */
export const v1AutoscalerCells: Readonly<Record<string, Cell>> = {
  Targets: (object) => targetsCell(toV2Autoscaler(object)),
}
