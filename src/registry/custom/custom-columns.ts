import { humanDuration } from '../../meta/human-duration.ts'
import { compileJsonPath, type JsonPath } from '../../meta/json-path.ts'
import { stringifyJson } from '../../meta/json.ts'
import type { Json, KubeObject } from '../../meta/object.ts'
import type { CrdColumn } from '../apiextensions/crd-object.ts'
import type { TableColumn } from '../resource-definition.ts'
import { formatGoFloat } from '../schema/go-format.ts'
import { parseGoTime } from '../schema/go-time.ts'
import { isGoInteger } from '../schema/validate-number.ts'

const nameColumn: TableColumn = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'The name of the object, unique within its namespace and kind.',
  priority: 0,
  cell: ({ metadata }) => metadata.name ?? '',
}

const ageColumn: CrdColumn = {
  name: 'Age',
  type: 'date',
  description: 'The time since the object was created.',
  jsonPath: '.metadata.creationTimestamp',
}

/** The name and what the CRD asks for; without a wish, the age. */
export function customColumns(columns: readonly CrdColumn[] | undefined): readonly TableColumn[] {
  const wanted = columns && columns.length > 0 ? columns : [ageColumn]
  try {
    return [nameColumn, ...wanted.map(toColumn)]
  } catch {
    // A path that cannot be read spoils the table, not the resource; validation lets none through.
    return [nameColumn]
  }
}

function toColumn({ name, type, format = '', description, priority = 0, jsonPath }: CrdColumn): TableColumn {
  const find = compileJsonPath(jsonPath)
  const columnType = type as TableColumn['type']
  return {
    name,
    type: columnType,
    format,
    description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    priority,
    cell: (object, { nowMs }) => cellOf(columnType, first(find, object), nowMs),
  }
}

function first(find: JsonPath, object: KubeObject): Json | undefined {
  return find(object as unknown as Json)[0]
}

function cellOf(type: TableColumn['type'], value: Json | undefined, nowMs: number): unknown {
  if (value === undefined) return null
  switch (type) {
    case 'string':
      return textOf(value)
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : typeof value === 'bigint' ? value : null
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint' ? value : null
    case 'boolean':
      return typeof value === 'boolean' ? value : null
    case 'date':
      return typeof value === 'string' ? ageOf(value, nowMs) : null
  }
}

/** As Go's templates print a value. */
function textOf(value: Json): string {
  if (typeof value === 'string') return value
  if (value === null) return '<no value>'
  if (typeof value === 'number') return isGoInteger(value) ? String(value) : formatGoFloat(value)
  return typeof value === 'object' ? stringifyJson(value) : String(value)
}

function ageOf(text: string, nowMs: number): string {
  if (text === '' || text === 'null') return '<unknown>'
  try {
    return humanDuration(nowMs - parseGoTime(text).seconds * 1000)
  } catch {
    return '<invalid>'
  }
}

/** Field selectors of a custom resource: `spec.color` → the value as text, empty when there is none. */
export function customSelectableFields(
  fields: readonly { jsonPath: string }[] | undefined,
): ReadonlyMap<string, (object: KubeObject) => string> {
  return new Map(
    (fields ?? []).map(({ jsonPath }) => {
      const find = compileJsonPath(jsonPath)
      const valueOf = (object: KubeObject) => {
        const value = first(find, object)
        return value === undefined || value === null ? '' : textOf(value)
      }
      return [jsonPath.replace(/^\./, ''), valueOf]
    }),
  )
}
