import { humanDuration } from '../../meta/human-duration.ts'
import { formatLabelSelector } from '../../meta/label-selector.ts'
import type { KubeObject } from '../../meta/object.ts'
import type { Cell } from './builtin-kind.ts'
import { entriesAt, fieldsAt, listAt, numberAt, stringAt } from './fields.ts'

/** Time since a timestamp as tables show it. */
export function ageOf(timestamp: string, nowMs: number): string {
  const thenMs = Date.parse(timestamp)
  return Number.isNaN(thenMs) ? '<unknown>' : humanDuration(nowMs - thenMs)
}

/** Cells of columns that mean the same everywhere, by column name. */
export const commonCells: Readonly<Record<string, Cell>> = {
  Name: (object) => object.metadata.name ?? '',
  Age: (object, { nowMs }) => ageOf(stringAt(object, 'metadata', 'creationTimestamp'), nowMs),
  'Created At': (object) => object.metadata.creationTimestamp ?? null,
}

export const emptyCell: Cell = () => null

/** The string at a path, empty when absent. */
export function textCell(...path: readonly string[]): Cell {
  return (object) => stringAt(object, ...path)
}

/** The number at a path, 0 when absent. */
export function countCell(...path: readonly string[]): Cell {
  return (object) => numberAt(object, ...path) ?? 0
}

/** `a=b,c=d`, or `<none>`. */
export function formatLabels(object: unknown, ...path: readonly string[]): string {
  return (
    entriesAt(object, ...path)
      .map(([key, value]) => `${key}=${value}`)
      .join(',') || '<none>'
  )
}

/** A LabelSelector in its string form, or `<none>`. */
export function formatSelectorAt(object: unknown, ...path: readonly string[]): string {
  return formatLabelSelector(fieldsAt(object, ...path))
}

/** Containers and Images of the pod spec at a path. */
export function containerCells(...path: readonly string[]): { Containers: Cell; Images: Cell } {
  const join = (object: KubeObject, field: string): string =>
    listAt(object, ...path, 'containers')
      .map((container) => stringAt(container, field))
      .join(',')
  return { Containers: (object) => join(object, 'name'), Images: (object) => join(object, 'image') }
}

/** The first few, and how many more there are; `<unset>` for none. */
export function listWithMore(items: readonly string[], max: number): string {
  const shown = items.slice(0, max).join(',')
  if (items.length > max) return `${shown} + ${items.length - max} more...`
  return shown === '' ? '<unset>' : shown
}
