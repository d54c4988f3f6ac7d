import { readFileSync } from 'node:fs'
import type { TableColumn, Verb } from '../resource-definition.ts'

/** A row of data/builtin-resources.json: what discovery and tables say about one resource. */
export interface BuiltinRow {
  readonly group: string
  /** Preferred first. */
  readonly versions: readonly string[]
  readonly resource: string
  readonly kind: string
  readonly namespaced?: true
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
  /** Absent: all eight. */
  readonly verbs?: readonly Verb[]
  readonly subresources?: readonly BuiltinSubresourceRow[]
  /** Name, type, format, priority. */
  readonly columns: readonly (readonly [string, TableColumn['type'], string, number])[]
}

export interface BuiltinSubresourceRow {
  readonly name: string
  readonly kind: string
  /** Of the kind, where it is not the resource's own. */
  readonly group?: string
  readonly version?: string
  readonly verbs: readonly Verb[]
}

export interface BuiltinTable {
  /** The body of /version as upstream answers it. */
  readonly version: Readonly<Record<string, string>>
  /** In the order of upstream's discovery. */
  readonly resources: readonly BuiltinRow[]
}

let table: BuiltinTable | undefined

/** The generated table, read once and shared. */
export function builtinTable(): BuiltinTable {
  table ??= JSON.parse(readFileSync(new URL('./data/builtin-resources.json', import.meta.url), 'utf8')) as BuiltinTable
  return table
}
