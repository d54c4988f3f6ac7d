import type { BuiltinKind, FieldValue } from '../../builtin-kind.ts'
import { stringAt, valueAt } from '../../fields.ts'
import { eventCells } from './event-cells.ts'
import { defaultCoreEvent, defaultEvent } from './event-defaults.ts'
import { validateEvent } from './event-validation.ts'
import { fromCoreEvent, toCoreEvent } from './event-conversion.ts'

const referenceFields = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'] as const

/** A field of the object that an event is about, in the form of either API group. */
function about(field: string): FieldValue {
  return (event) => stringAt(valueAt(event, 'involvedObject') ?? valueAt(event, 'regarding'), field)
}

const reportingController: FieldValue = (event) =>
  stringAt(event, 'reportingComponent') || stringAt(event, 'reportingController')

const source: FieldValue = (event) =>
  stringAt(event, 'source', 'component') ||
  stringAt(event, 'deprecatedSource', 'component') ||
  reportingController(event)

function referencesUnder(prefix: string): Record<string, FieldValue> {
  return Object.fromEntries(referenceFields.map((field) => [`${prefix}.${field}`, about(field)]))
}

const shared: Record<string, FieldValue> = {
  reason: (event) => stringAt(event, 'reason'),
  type: (event) => stringAt(event, 'type'),
}

/** Events of the core group: the form in which all events are stored. */
export const coreEventKind: BuiltinKind = {
  group: '',
  resource: 'events',
  strategy: { generation: 'none', allowCreateOnUpdate: true, applyDefaults: defaultCoreEvent, validate: validateEvent },
  cells: eventCells,
  selectableFields: {
    ...shared,
    ...referencesUnder('involvedObject'),
    reportingComponent: reportingController,
    source,
  },
}

/** The same events under their newer API group. */
export const eventKind: BuiltinKind = {
  group: 'events.k8s.io',
  resource: 'events',
  storedAs: { group: '', resource: 'events' },
  strategy: { generation: 'none', allowCreateOnUpdate: true, applyDefaults: defaultEvent, validate: validateEvent },
  cells: eventCells,
  selectableFields: {
    ...shared,
    ...referencesUnder('regarding'),
    reportingController,
  },
  versions: { v1: { toStorage: toCoreEvent, fromStorage: fromCoreEvent } },
}
