import { stringify } from 'yaml'
import type { KubeObject } from '../meta/object.ts'
import { CliError } from './cli-error.ts'
import { printTable } from './print-table.ts'

export const outputFormats = ['table', 'json', 'yaml', 'name'] as const
export type OutputFormat = (typeof outputFormats)[number]

export function parseOutputFormat(text: string): OutputFormat {
  const format = outputFormats.find((one) => one === text)
  if (!format) throw new CliError(`unknown output format "${text}": use one of ${outputFormats.join(', ')}`, 2)
  return format
}

export interface TableView<T> {
  header: readonly string[]
  row(object: T): readonly string[]
  /** What a person reads when there is nothing. */
  empty: string
}

/** A list in the form asked for; JSON and YAML are a Kubernetes List, so that other tools can read them. */
export function printObjects<T extends KubeObject>(
  objects: readonly T[],
  format: OutputFormat,
  view: TableView<T>,
): string {
  const list = { apiVersion: 'v1', kind: 'List', metadata: {}, items: objects }
  if (format === 'json') return `${JSON.stringify(list, undefined, 2)}\n`
  if (format === 'yaml') return stringify(list, { lineWidth: 0 })
  if (format === 'name')
    return objects.map(({ kind = '', metadata }) => `${kind.toLowerCase()}/${metadata.name ?? ''}\n`).join('')
  return objects.length === 0
    ? `${view.empty}\n`
    : printTable(
        view.header,
        objects.map((object) => view.row(object)),
      )
}
