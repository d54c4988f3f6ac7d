import type { KubeObject } from '../../../../meta/object.ts'
import { type Fields, fieldsAt, isFields, listAt, numberAt, stringAt } from '../../fields.ts'
import {
  annotationNames,
  cpuUtilizationMetric,
  cpuUtilizationOf,
  fromBehaviorAnnotation,
  toBehaviorAnnotation,
  toV1MetricSpec,
  toV1MetricStatus,
  toV2MetricSpec,
  toV2MetricStatus,
} from './metrics-conversion.ts'

/** What an autoscaler without metrics aims at. */
export const defaultCpuUtilization = 80

/** From autoscaling/v1 to v2, which is stored. Shares what both have; changes nothing of its input. */
export function toV2Autoscaler(source: KubeObject): KubeObject {
  const annotations = fieldsAt(source, 'metadata', 'annotations') ?? {}
  const { targetCPUUtilizationPercentage, ...spec } = fieldsAt(source, 'spec') ?? {}
  const { currentCPUUtilizationPercentage, ...status } = fieldsAt(source, 'status') ?? {}

  const metrics = (listIn(annotations, annotationNames.metrics) ?? []).map(toV2MetricSpec)
  if (targetCPUUtilizationPercentage !== undefined) metrics.push(cpuUtilizationMetric(targetCPUUtilizationPercentage))
  if (metrics.length === 0) metrics.push(cpuUtilizationMetric(defaultCpuUtilization))
  const behavior = parsedIn(annotations, annotationNames.behavior)
  const behaviorFields = isFields(behavior) ? fromBehaviorAnnotation(behavior) : undefined

  const current = listIn(annotations, annotationNames.currentMetrics)?.map(toV2MetricStatus)
  const cpu = currentCPUUtilizationPercentage
  const currentMetrics =
    current ??
    (cpu === undefined
      ? undefined
      : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: cpu } } }])
  const conditions = listIn(annotations, annotationNames.conditions)
  return {
    ...source,
    ...versionOf(source, 'autoscaling/v2'),
    metadata: withAnnotations(source, withoutCarried(annotations)),
    spec: { ...spec, metrics, ...(behaviorFields ? { behavior: behaviorFields } : {}) },
    ...(source['status'] === undefined && !currentMetrics && !conditions
      ? {}
      : {
          status: {
            ...status,
            currentMetrics: currentMetrics ?? null,
            ...(conditions ? { conditions } : {}),
          },
        }),
  }
}

/** From the stored v2 to autoscaling/v1. */
export function fromV2Autoscaler(source: KubeObject): KubeObject {
  const annotations: Fields = withoutCarried(fieldsAt(source, 'metadata', 'annotations') ?? {})
  const { metrics: _metrics, behavior, ...spec } = fieldsAt(source, 'spec') ?? {}
  const { currentMetrics: _current, conditions: _conditions, ...status } = fieldsAt(source, 'status') ?? {}

  const metrics = listAt(source, 'spec', 'metrics')
  const cpu = metrics.map(cpuUtilizationOf).find((value) => value !== undefined)
  const others = metrics.filter((metric) => cpuUtilizationOf(metric) === undefined).map(toV1MetricSpec)
  if (others.length > 0) annotations[annotationNames.metrics] = JSON.stringify(others)
  const currentMetrics = listAt(source, 'status', 'currentMetrics')
  if (currentMetrics.length > 0) {
    annotations[annotationNames.currentMetrics] = JSON.stringify(currentMetrics.map(toV1MetricStatus))
  }
  if (isFields(behavior)) annotations[annotationNames.behavior] = JSON.stringify(toBehaviorAnnotation(behavior))
  const conditions = listAt(source, 'status', 'conditions')
  if (conditions.length > 0) {
    annotations[annotationNames.conditions] = JSON.stringify(
      conditions.map(({ type, status, lastTransitionTime, reason, message }) => ({
        type,
        status,
        lastTransitionTime: lastTransitionTime ?? null,
        reason,
        message,
      })),
    )
  }
  const currentCpu = currentMetrics.map(currentCpuOf).findLast((value) => value !== undefined)
  return {
    ...source,
    ...versionOf(source, 'autoscaling/v1'),
    metadata: withAnnotations(source, annotations),
    spec: { ...spec, ...(cpu === undefined ? {} : { targetCPUUtilizationPercentage: cpu }) },
    ...(source['status'] === undefined
      ? {}
      : {
          status: { ...status, ...(currentCpu === undefined ? {} : { currentCPUUtilizationPercentage: currentCpu }) },
        }),
  }
}

function currentCpuOf(metric: Fields): number | undefined {
  if (metric['type'] !== 'Resource' || stringAt(metric, 'resource', 'name') !== 'cpu') return undefined
  return numberAt(metric, 'resource', 'current', 'averageUtilization')
}

function versionOf(source: KubeObject, apiVersion: string): { apiVersion?: string } {
  return source.apiVersion === undefined ? {} : { apiVersion }
}

function withAnnotations(source: KubeObject, annotations: Fields): KubeObject['metadata'] {
  const { annotations: _, ...metadata } = source.metadata
  if (Object.keys(annotations).length === 0) return metadata
  return { ...metadata, annotations: annotations as Record<string, string> }
}

function withoutCarried(annotations: Fields): Fields {
  const carried: readonly string[] = Object.values(annotationNames)
  return Object.fromEntries(Object.entries(annotations).filter(([name]) => !carried.includes(name)))
}

/** The JSON in an annotation; what does not parse counts as absent. */
function parsedIn(annotations: Fields, name: string): unknown {
  const text = annotations[name]
  if (typeof text !== 'string') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function listIn(annotations: Fields, name: string): Fields[] | undefined {
  const list = parsedIn(annotations, name)
  return Array.isArray(list) ? list.filter(isFields) : undefined
}
