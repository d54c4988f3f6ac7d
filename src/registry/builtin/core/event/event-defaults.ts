import type { KubeObject } from '../../../../meta/object.ts'
import { defaultTo } from '../../fields.ts'

/** Timestamps that upstream always writes, null when there is none. */
function writeNulls(event: KubeObject, fields: readonly string[]): void {
  for (const field of fields) defaultTo(event, field, null)
}

export function defaultCoreEvent(event: KubeObject): void {
  writeNulls(event, ['eventTime', 'firstTimestamp', 'lastTimestamp'])
}

export function defaultEvent(event: KubeObject): void {
  writeNulls(event, ['eventTime', 'deprecatedFirstTimestamp', 'deprecatedLastTimestamp'])
}
