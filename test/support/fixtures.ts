import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { KubeObject } from '../../src/meta/object.ts'

/** Real input that lies beside the checkout, or where `ATOLL_FIXTURES` says; tests that need it are skipped without it. */
export const fixturesFolder = process.env['ATOLL_FIXTURES'] || join(import.meta.dirname, '../../../shared/fixtures')

export const hasFixtures = existsSync(fixturesFolder)
export const noFixturesReason = `no fixtures in ${fixturesFolder}; point ATOLL_FIXTURES at a folder that has them`

export interface FixtureObject {
  /** The file's name, and where in it the object stands when there are several. */
  readonly title: string
  readonly object: KubeObject
}

/** One object a file: `group.version.Kind.json` of all API versions that ever were. */
export function apiFixtures(): readonly FixtureObject[] {
  const folder = join(fixturesFolder, 'kubernetes-api')
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => ({
      title: name.replace(/\.json$/, ''),
      object: JSON.parse(readFileSync(join(folder, name), 'utf8')) as KubeObject,
    }))
}

/** The documents of the manifests. */
export function manifestFixtures(): readonly FixtureObject[] {
  const folder = join(fixturesFolder, 'manifests')
  if (!existsSync(folder)) return []
  return readdirSync(folder).flatMap((name) =>
    parseAllDocuments(readFileSync(join(folder, name), 'utf8')).flatMap((document) => {
      const object = document.toJS() as KubeObject | null
      return object === null ? [] : [{ title: `${name}: ${object.kind} ${object.metadata.name}`, object }]
    }),
  )
}
