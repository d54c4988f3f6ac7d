import type { KubeObject } from '../../../../meta/object.ts'
import type { Cell } from '../../builtin-kind.ts'
import { fieldsAt, numberAt, stringAt } from '../../fields.ts'
import { ageOf } from '../../table-cells.ts'
import { toCoreEvent } from './event-conversion.ts'

/** Rows of either API group: the cells read the core form. */
function onCoreForm(cell: Cell): Cell {
  return (event, context) => cell(event['regarding'] === undefined ? event : toCoreEvent(event), context)
}

function firstSeen(event: KubeObject): string {
  return stringAt(event, 'firstTimestamp') || stringAt(event, 'eventTime')
}

function lastSeen(event: KubeObject): string {
  if (fieldsAt(event, 'series')) return stringAt(event, 'series', 'lastObservedTime')
  return stringAt(event, 'lastTimestamp') || firstSeen(event)
}

function objectCell(event: KubeObject): string {
  const kind = stringAt(event, 'involvedObject', 'kind').toLowerCase()
  const name = stringAt(event, 'involvedObject', 'name')
  return name === '' ? kind : `${kind}/${name}`
}

function sourceCell(event: KubeObject): string {
  const component = stringAt(event, 'source', 'component') || stringAt(event, 'reportingComponent')
  const instance = stringAt(event, 'source', 'host') || stringAt(event, 'reportingInstance')
  return instance === '' ? component : `${component}, ${instance}`
}

function countCell(event: KubeObject): number {
  if (fieldsAt(event, 'series')) return numberAt(event, 'series', 'count') ?? 0
  return numberAt(event, 'count') || 1
}

export const eventCells: Readonly<Record<string, Cell>> = {
  'Last Seen': onCoreForm((event, { nowMs }) => ageOf(lastSeen(event), nowMs)),
  Type: (event) => stringAt(event, 'type'),
  Reason: (event) => stringAt(event, 'reason'),
  Object: onCoreForm(objectCell),
  Subobject: onCoreForm((event) => stringAt(event, 'involvedObject', 'fieldPath')),
  Source: onCoreForm(sourceCell),
  Message: onCoreForm((event) => stringAt(event, 'message').trim()),
  'First Seen': onCoreForm((event, { nowMs }) => ageOf(firstSeen(event), nowMs)),
  Count: onCoreForm(countCell),
}
