import { serviceUnavailable } from '../../meta/api-errors.ts'
import { toQualifiedResource } from '../../meta/group-version.ts'
import type {
  ResourceDefinition,
  ResourceVersion,
  ScaleDefinition,
  SubresourceCreate,
  SubresourceDefinition,
  TableColumn,
  Verb,
  VirtualCreate,
} from '../resource-definition.ts'
import { builtinSchema } from '../schema/builtin-schemas.ts'
import { bootstrapOverlay, hasBootstrapOverlay } from './bootstrap-overlay.ts'
import type { BuiltinKind, FieldValue } from './builtin-kind.ts'
import { builtinKinds } from './builtin-kinds.ts'
import { type BuiltinRow, type BuiltinSubresourceRow, builtinTable } from './builtin-table.ts'
import { commonCells, emptyCell } from './table-cells.ts'

/** What other parts of the hub put in the place of a table row's plain behaviour. Keys name group and resource. */
export interface BuiltinOverrides {
  /** `<group>/<resource>`: a whole definition instead of the table's (customresourcedefinitions). */
  readonly definitions?: ReadonlyMap<string, ResourceDefinition>
  /** `<group>/<resource>`: answers of kinds that store nothing (reviews, bindings). */
  readonly virtualCreate?: ReadonlyMap<string, VirtualCreate>
  /** `<group>/<resource>/<subresource>`: token, eviction, binding. */
  readonly subresourceCreate?: ReadonlyMap<string, SubresourceCreate>
}

const allVerbs: readonly Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
/** Subresources that need a running pod, node or service behind them. */
const connected = new Set(['attach', 'exec', 'log', 'portforward', 'proxy'])
const defaultScale: ScaleDefinition = {
  specReplicasPath: ['spec', 'replicas'],
  statusReplicasPath: ['status', 'replicas'],
}

/**
 * Every group, version and resource that kube-apiserver 1.36 serves by default, in the order of its discovery (preferred
 * version first). Cheap: schemas, columns and bootstrap objects are made when they are first asked for. An entry that
 * nobody overrides and that has no answer of its own says so with 503.
 */
export function builtinDefinitions(overrides: BuiltinOverrides = {}): readonly ResourceDefinition[] {
  const kinds = new Map(builtinKinds.map((kind) => [`${kind.group}/${kind.resource}`, kind]))
  return builtinTable().resources.map((row) => {
    const key = `${row.group}/${row.resource}`
    return overrides.definitions?.get(key) ?? toDefinition(row, kinds.get(key), overrides)
  })
}

function toDefinition(row: BuiltinRow, code: BuiltinKind | undefined, overrides: BuiltinOverrides): ResourceDefinition {
  const { group, resource, kind } = row
  const key = `${group}/${resource}`
  const stored = code?.storedAs ?? { group, resource }
  const verbs = row.verbs ?? allVerbs
  const definition: ResourceDefinition = {
    group,
    resource,
    singular: kind.toLowerCase(),
    kind,
    listKind: `${kind}List`,
    namespaced: row.namespaced ?? false,
    shortNames: row.shortNames ?? [],
    categories: row.categories ?? [],
    identity: `${stored.group}:${stored.resource}`,
    ...(code?.storedAs ? { storedAs: code.storedAs } : {}),
    storageVersion: code?.storageVersion ?? firstOf(row.versions),
    versions: row.versions.map((version) => toVersion(row, version, code)),
    verbs,
    custom: false,
    subresources: (row.subresources ?? []).map((subresource) => toSubresource(row, subresource, code, overrides)),
    strategy: code?.strategy ?? {},
    ...(verbs.length === 1 ? { virtualCreate: overrides.virtualCreate?.get(key) ?? notInstalled(row) } : {}),
  }
  if (code?.overlay) return { ...definition, overlay: code.overlay }
  if (hasBootstrapOverlay(key)) lazily(definition, 'overlay', () => bootstrapOverlay(key))
  return definition
}

function toVersion(row: BuiltinRow, version: string, code: BuiltinKind | undefined): ResourceVersion {
  const own = code?.versions?.[version]
  const deprecationWarning = own?.deprecationWarning ?? code?.deprecationWarning
  const fields: Record<string, FieldValue> = { ...code?.selectableFields, ...own?.selectableFields }
  const result: Omit<ResourceVersion, 'schema' | 'columns'> = {
    version,
    selectableFields: new Map(Object.entries(fields)),
    ...(deprecationWarning === undefined ? {} : { deprecationWarning }),
    ...(own?.toStorage ? { toStorage: own.toStorage } : {}),
    ...(own?.fromStorage ? { fromStorage: own.fromStorage } : {}),
  }
  lazily(result, 'schema', () => builtinSchema(row.group, version, row.kind))
  lazily(result, 'columns', () => toColumns(row, version, code))
  return result as ResourceVersion
}

function toColumns(row: BuiltinRow, version: string, code: BuiltinKind | undefined): readonly TableColumn[] {
  const cells = { ...code?.cells, ...code?.versions?.[version]?.cells }
  return row.columns.map(([name, type, format, priority]) => {
    const cell = Object.hasOwn(cells, name) ? cells[name] : commonCells[name]
    return { name, type, format, description: '', priority, cell: cell ?? emptyCell }
  })
}

function toSubresource(
  row: BuiltinRow,
  { name, kind, group, version, verbs }: BuiltinSubresourceRow,
  code: BuiltinKind | undefined,
  overrides: BuiltinOverrides,
): SubresourceDefinition {
  const type = { group: group ?? row.group, version: version ?? firstOf(row.versions), kind }
  if (name === 'status')
    return { name, type: 'status', ...(code?.statusStrategy ? { strategy: code.statusStrategy } : {}) }
  if (name === 'scale') return { name, type: 'scale', scale: code?.scale ?? defaultScale }
  if (connected.has(name)) return { name, type: 'connect', kind: type, verbs }
  if (verbs.includes('create')) {
    const create = overrides.subresourceCreate?.get(`${row.group}/${row.resource}/${name}`) ?? notInstalled(row, name)
    return { name, type: 'create', kind: type, create }
  }
  return { name, type: 'part', verbs, strategy: code?.parts?.[name] ?? {} }
}

function notInstalled(row: BuiltinRow, subresource?: string): () => Promise<never> {
  const resource = subresource === undefined ? row.resource : `${row.resource}/${subresource}`
  const subject = toQualifiedResource({ group: row.group, resource })
  return () => Promise.reject(serviceUnavailable(`this server has nothing that answers ${subject}`))
}

function firstOf(versions: readonly string[]): string {
  const [first] = versions
  if (first === undefined) throw new Error('a resource without versions')
  return first
}

/** Adds a property that is computed when it is first read. */
function lazily(target: object, key: string, compute: () => unknown): void {
  const define = (attributes: PropertyDescriptor): void => {
    Object.defineProperty(target, key, { ...attributes, enumerable: true, configurable: true })
  }
  define({
    get: () => {
      const value = compute()
      define({ value, writable: false })
      return value
    },
  })
}
