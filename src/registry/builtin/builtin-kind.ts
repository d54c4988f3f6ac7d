import type { KubeObject } from '../../meta/object.ts'
import type { OverlaySet, ScaleDefinition, Strategy } from '../resource-definition.ts'

export type Cell = (object: KubeObject, context: { nowMs: number }) => unknown
export type FieldValue = (object: KubeObject) => string

/** What one served version of a kind has of its own. */
export interface BuiltinKindVersion {
  readonly cells?: Readonly<Record<string, Cell>>
  readonly selectableFields?: Readonly<Record<string, FieldValue>>
  readonly deprecationWarning?: string
  readonly toStorage?: (object: KubeObject) => KubeObject
  readonly fromStorage?: (object: KubeObject) => KubeObject
}

/**
 * The code of one built-in kind, joined with its row of the generated table by `builtinDefinitions`. Everything is
 * optional: a kind without code of its own is served by table, schema and generic rules alone.
 */
export interface BuiltinKind {
  readonly group: string
  readonly resource: string
  readonly strategy?: Strategy
  /** Rules of the status subresource. */
  readonly statusStrategy?: Strategy
  /** Rules of the other writable views of the object, by subresource (finalize, approval, ephemeralcontainers, resize). */
  readonly parts?: Readonly<Record<string, Strategy>>
  readonly scale?: ScaleDefinition
  /** Table cells by column name. */
  readonly cells?: Readonly<Record<string, Cell>>
  /** Field selectors beyond metadata.name and metadata.namespace. */
  readonly selectableFields?: Readonly<Record<string, FieldValue>>
  readonly deprecationWarning?: string
  /** Where versions differ, in addition to the above. */
  readonly versions?: Readonly<Record<string, BuiltinKindVersion>>
  /** The stored version, where it is not the preferred one. */
  readonly storageVersion?: string
  /** Objects that exist without being stored, beyond the bootstrap objects. */
  readonly overlay?: OverlaySet
  readonly storedAs?: { readonly group: string; readonly resource: string }
}
