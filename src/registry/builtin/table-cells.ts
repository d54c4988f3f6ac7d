import type { Cell } from './builtin-kind.ts'
import { stringAt } from './fields.ts'

/** Time since a timestamp as tables show it. */
export function ageOf(timestamp: string, nowMs: number): string {
  const thenMs = Date.parse(timestamp)
  return Number.isNaN(thenMs) ? '<unknown>' : `${Math.floor((nowMs - thenMs) / 1000)}s`
}

/** Cells of columns that mean the same everywhere, by column name. */
export const commonCells: Readonly<Record<string, Cell>> = {
  Name: (object) => object.metadata.name ?? '',
  Age: (object, { nowMs }) => ageOf(stringAt(object, 'metadata', 'creationTimestamp'), nowMs),
  'Created At': (object) => object.metadata.creationTimestamp ?? null,
}

export const emptyCell: Cell = () => null
