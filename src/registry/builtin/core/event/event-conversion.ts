import type { KubeObject } from '../../../../meta/object.ts'

/** Field of core/v1 → field of events.k8s.io/v1; all others have one name. */
const newNames: ReadonlyMap<string, string> = new Map([
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
])
const coreNames: ReadonlyMap<string, string> = new Map([...newNames].map(([core, renamed]) => [renamed, core]))

/** From events.k8s.io/v1 to the stored core/v1 form. */
export function toCoreEvent(event: KubeObject): KubeObject {
  const result = rename(event, coreNames, 'v1')
  result['reportingComponent'] ??= ''
  result['reportingInstance'] ??= ''
  result['source'] ??= {}
  result['involvedObject'] ??= {}
  for (const field of ['firstTimestamp', 'lastTimestamp', 'eventTime']) result[field] ??= null
  return result
}

/** From the stored core/v1 form to events.k8s.io/v1. */
export function fromCoreEvent(event: KubeObject): KubeObject {
  const result = rename(event, newNames, 'events.k8s.io/v1')
  for (const field of ['reportingController', 'reportingInstance']) if (result[field] === '') delete result[field]
  result['deprecatedSource'] ??= {}
  result['regarding'] ??= {}
  for (const field of ['deprecatedFirstTimestamp', 'deprecatedLastTimestamp', 'eventTime']) result[field] ??= null
  return result
}

/** A shallow copy under other names; what stands under a name of the other version is not carried over. */
function rename(event: KubeObject, names: ReadonlyMap<string, string>, apiVersion: string): KubeObject {
  const taken = new Set(names.values())
  const entries = Object.entries(event)
    .filter(([field]) => !taken.has(field))
    .map(([field, value]) => [names.get(field) ?? field, value])
  const result = Object.fromEntries(entries) as KubeObject
  if (event.apiVersion !== undefined) result.apiVersion = apiVersion
  return result
}
