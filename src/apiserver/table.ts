import { badRequest } from '../meta/api-errors.ts'
import type { KubeObject, ListMeta } from '../meta/object.ts'
import type { ResourceVersion } from '../registry/resource-definition.ts'
import type { Exchange } from './exchange.ts'

/** What a row of a table carries besides its cells. */
export type IncludeObject = 'None' | 'Metadata' | 'Object'

/** https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables */
export interface Table {
  kind: 'Table'
  apiVersion: string
  metadata: ListMeta
  columnDefinitions: unknown[]
  rows: unknown[]
}

export function parseIncludeObject(exchange: Exchange): IncludeObject {
  const text = exchange.parameter('includeObject')
  if (text === '') return 'Metadata'
  if (text === 'None' || text === 'Metadata' || text === 'Object') return text
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(text)}: must be 'Metadata', 'Object', 'None', or empty`,
  )
}

export interface TableRequest {
  readonly version: ResourceVersion
  readonly metaVersion: 'v1' | 'v1beta1'
  readonly includeObject: IncludeObject
  readonly nowMs: number
}

/** `objects` are in the request's version, with apiVersion and kind. */
export function toTable(objects: readonly KubeObject[], metadata: ListMeta, request: TableRequest): Table {
  const { version, metaVersion, includeObject, nowMs } = request
  const columns = version.columns
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${metaVersion}`,
    metadata,
    columnDefinitions: columns.map(({ name, type, format, description, priority }) => ({
      name,
      type,
      format,
      description,
      priority,
    })),
    rows: objects.map((object) => {
      const cells = columns.map(({ cell }) => cell(object, { nowMs }) ?? null)
      if (includeObject === 'None') return { cells, object: null }
      return { cells, object: includeObject === 'Object' ? object : toPartial(object, metaVersion) }
    }),
  }
}

export function toPartial(object: KubeObject, metaVersion: 'v1' | 'v1beta1'): KubeObject {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${metaVersion}`, metadata: object.metadata }
}
