import { type Fields, fieldsAt, isFields, numberAt, stringAt, valueAt } from '../../fields.ts'

/** The annotations in which autoscaling/v1 carries what it has no fields for. */
export const annotationNames = {
  metrics: 'autoscaling.alpha.kubernetes.io/metrics',
  currentMetrics: 'autoscaling.alpha.kubernetes.io/current-metrics',
  conditions: 'autoscaling.alpha.kubernetes.io/conditions',
  behavior: 'autoscaling.alpha.kubernetes.io/behavior',
  scaleDownTolerance: 'autoscaling.alpha.kubernetes.io/scale-down-tolerance',
  scaleUpTolerance: 'autoscaling.alpha.kubernetes.io/scale-up-tolerance',
} as const

type Convert = (source: Fields) => Fields

/** A record without its undefined fields, in the order written. */
function compact(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

function convertMember(metric: Fields, converters: Readonly<Record<string, Convert>>): Fields {
  const result: Fields = { type: metric['type'] }
  for (const [member, convert] of Object.entries(converters)) {
    const source = metric[member]
    if (isFields(source)) result[member] = convert(source)
  }
  return result
}

const averageTarget = (source: Fields): Fields =>
  compact({
    type: source['targetAverageUtilization'] === undefined ? 'AverageValue' : 'Utilization',
    averageValue: source['targetAverageValue'],
    averageUtilization: source['targetAverageUtilization'],
  })
const currentAverages = (source: Fields): Fields =>
  compact({
    averageValue: source['currentAverageValue'],
    averageUtilization: source['currentAverageUtilization'],
  })
const identity = (name: unknown, selector: unknown): Fields => compact({ name: name ?? '', selector })

const specToV2: Readonly<Record<string, Convert>> = {
  object: (source) => {
    const averaged = source['averageValue'] !== undefined
    const zero = Number.parseFloat(stringAt(source, 'targetValue') || '0') === 0
    return {
      describedObject: source['target'] ?? {},
      target: compact({
        type: averaged ? 'AverageValue' : 'Value',
        value: averaged && zero ? undefined : (source['targetValue'] ?? '0'),
        averageValue: source['averageValue'],
      }),
      metric: identity(source['metricName'], source['selector']),
    }
  },
  pods: (source) => ({
    metric: identity(source['metricName'], source['selector']),
    target: { type: 'AverageValue', averageValue: source['targetAverageValue'] ?? '0' },
  }),
  resource: (source) => ({ name: source['name'], target: averageTarget(source) }),
  containerResource: (source) => ({
    name: source['name'],
    target: averageTarget(source),
    container: source['container'],
  }),
  external: (source) => ({
    metric: identity(source['metricName'], source['metricSelector']),
    target: compact({
      type: source['targetValue'] === undefined ? 'AverageValue' : 'Value',
      value: source['targetValue'],
      averageValue: source['targetAverageValue'],
    }),
  }),
}

const specToV1: Readonly<Record<string, Convert>> = {
  object: (source) =>
    compact({
      target: source['describedObject'] ?? {},
      metricName: stringAt(source, 'metric', 'name'),
      targetValue: valueAt(source, 'target', 'value') ?? '0',
      selector: valueAt(source, 'metric', 'selector'),
      averageValue: valueAt(source, 'target', 'averageValue'),
    }),
  pods: (source) =>
    compact({
      metricName: stringAt(source, 'metric', 'name'),
      targetAverageValue: valueAt(source, 'target', 'averageValue') ?? '0',
      selector: valueAt(source, 'metric', 'selector'),
    }),
  resource: (source) =>
    compact({
      name: source['name'],
      targetAverageUtilization: valueAt(source, 'target', 'averageUtilization'),
      targetAverageValue: valueAt(source, 'target', 'averageValue'),
    }),
  containerResource: (source) =>
    compact({
      name: source['name'],
      targetAverageUtilization: valueAt(source, 'target', 'averageUtilization'),
      targetAverageValue: valueAt(source, 'target', 'averageValue'),
      container: source['container'] ?? '',
    }),
  external: (source) =>
    compact({
      metricName: stringAt(source, 'metric', 'name'),
      metricSelector: valueAt(source, 'metric', 'selector'),
      targetValue: valueAt(source, 'target', 'value'),
      targetAverageValue: valueAt(source, 'target', 'averageValue'),
    }),
}

const statusToV2: Readonly<Record<string, Convert>> = {
  object: (source) => ({
    metric: identity(source['metricName'], source['selector']),
    current: compact({ value: source['currentValue'] ?? '0', averageValue: source['averageValue'] }),
    describedObject: source['target'] ?? {},
  }),
  pods: (source) => ({
    metric: identity(source['metricName'], source['selector']),
    current: { averageValue: source['currentAverageValue'] ?? '0' },
  }),
  resource: (source) => ({ name: source['name'], current: currentAverages(source) }),
  containerResource: (source) => ({
    name: source['name'],
    current: currentAverages(source),
    container: source['container'],
  }),
  external: (source) => ({
    metric: identity(source['metricName'], source['metricSelector']),
    current: compact({ value: source['currentValue'] ?? '0', averageValue: source['currentAverageValue'] }),
  }),
}

const statusToV1: Readonly<Record<string, Convert>> = {
  object: (source) =>
    compact({
      target: source['describedObject'] ?? {},
      metricName: stringAt(source, 'metric', 'name'),
      currentValue: valueAt(source, 'current', 'value') ?? '0',
      selector: valueAt(source, 'metric', 'selector'),
      averageValue: valueAt(source, 'current', 'averageValue'),
    }),
  pods: (source) =>
    compact({
      metricName: stringAt(source, 'metric', 'name'),
      currentAverageValue: valueAt(source, 'current', 'averageValue') ?? '0',
      selector: valueAt(source, 'metric', 'selector'),
    }),
  resource: (source) =>
    compact({
      name: source['name'],
      currentAverageUtilization: valueAt(source, 'current', 'averageUtilization'),
      currentAverageValue: valueAt(source, 'current', 'averageValue') ?? '0',
    }),
  containerResource: (source) =>
    compact({
      name: source['name'],
      currentAverageUtilization: valueAt(source, 'current', 'averageUtilization'),
      currentAverageValue: valueAt(source, 'current', 'averageValue') ?? '0',
      container: source['container'] ?? '',
    }),
  external: (source) =>
    compact({
      metricName: stringAt(source, 'metric', 'name'),
      metricSelector: valueAt(source, 'metric', 'selector'),
      currentValue: valueAt(source, 'current', 'value') ?? '0',
      currentAverageValue: valueAt(source, 'current', 'averageValue'),
    }),
}

export const toV2MetricSpec: Convert = (metric) => convertMember(metric, specToV2)
export const toV1MetricSpec: Convert = (metric) => convertMember(metric, specToV1)
export const toV2MetricStatus: Convert = (metric) => convertMember(metric, statusToV2)
export const toV1MetricStatus: Convert = (metric) => convertMember(metric, statusToV1)

/** The metric that autoscaling/v1 has a field of its own for. */
export function cpuUtilizationMetric(percentage: unknown): Fields {
  return {
    type: 'Resource',
    resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percentage } },
  }
}

/** The CPU utilization that a spec metric asks for; undefined for all other metrics. */
export function cpuUtilizationOf(metric: Fields): number | undefined {
  if (metric['type'] !== 'Resource' || stringAt(metric, 'resource', 'name') !== 'cpu') return undefined
  return numberAt(metric, 'resource', 'target', 'averageUtilization')
}

/** The behavior annotation holds upstream's internal form: capitalized names, every field present. */
export function toBehaviorAnnotation(behavior: Fields): Fields {
  return { ScaleUp: toInternalRules(behavior['scaleUp']), ScaleDown: toInternalRules(behavior['scaleDown']) }
}

function toInternalRules(rules: unknown): Fields | null {
  if (!isFields(rules)) return null
  const policies = Array.isArray(rules['policies']) ? rules['policies'].filter(isFields) : null
  return {
    StabilizationWindowSeconds: rules['stabilizationWindowSeconds'] ?? null,
    SelectPolicy: rules['selectPolicy'] ?? null,
    Policies:
      policies?.map((policy) => ({
        Type: policy['type'],
        Value: policy['value'],
        PeriodSeconds: policy['periodSeconds'],
      })) ?? null,
    Tolerance: rules['tolerance'] ?? null,
  }
}

/** Undefined when there is nothing in it. */
export function fromBehaviorAnnotation(behavior: Fields): Fields | undefined {
  const scaleUp = fieldsAt(behavior, 'ScaleUp')
  const scaleDown = fieldsAt(behavior, 'ScaleDown')
  if (scaleUp === undefined && scaleDown === undefined) return undefined
  return compact({
    scaleUp: scaleUp && fromInternalRules(scaleUp),
    scaleDown: scaleDown && fromInternalRules(scaleDown),
  })
}

function fromInternalRules(rules: Fields): Fields {
  const policies = rules['Policies']
  return compact({
    stabilizationWindowSeconds: rules['StabilizationWindowSeconds'] ?? undefined,
    selectPolicy: rules['SelectPolicy'] ?? undefined,
    policies: Array.isArray(policies)
      ? policies.filter(isFields).map((policy) => ({
          type: policy['Type'],
          value: policy['Value'],
          periodSeconds: policy['PeriodSeconds'],
        }))
      : undefined,
    tolerance: rules['Tolerance'] ?? undefined,
  })
}
