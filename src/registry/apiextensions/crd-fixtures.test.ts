import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { KubeObject } from '../../meta/object.ts'
import { parseYamlDocuments } from '../../meta/yaml.ts'
import { customResourceDefinition } from '../custom/custom-resource-definition.ts'
import type { OperationContext } from '../resource-definition.ts'
import { applySchemaDefaults } from '../schema/apply-schema-defaults.ts'
import { builtinSchema } from '../schema/builtin-schemas.ts'
import { checkTypes } from '../schema/check-types.ts'
import { pruneUnknownFields } from '../schema/prune-unknown-fields.ts'
import { compileStructuralSchema } from '../schema/structural-schema.ts'
import type { CrdObject } from './crd-object.ts'
import { crdStrategy } from './crd-strategy.ts'

const folder = join(process.env['ATOLL_FIXTURES'] ?? '../shared/fixtures', 'crds')
const crds = existsSync(folder) ? readdirSync(folder).flatMap(crdsIn) : []
const skipReason = crds.length > 0 ? '' : ` (skipped: no CRDs in ${folder}, set ATOLL_FIXTURES)`

function crdsIn(file: string): KubeObject[] {
  const documents = parseYamlDocuments(readFileSync(join(folder, file), 'utf8')) as (KubeObject | null)[]
  return documents.filter((document) => document?.kind === 'CustomResourceDefinition') as KubeObject[]
}

const context: OperationContext = {
  logicalCluster: 'root',
  user: { name: 'admin', groups: [] },
  namespace: '',
  version: 'v1',
  dryRun: false,
  nowMs: Date.UTC(2026, 0, 1),
  warn: () => {},
  reader: { get: () => undefined, list: () => [] },
}

describe.skipIf(crds.length === 0)(`CRDs that projects ship${skipReason}`, () => {
  const schema = builtinSchema('apiextensions.k8s.io', 'v1', 'CustomResourceDefinition')

  it.each(crds.map((crd): [string, KubeObject] => [crd.metadata.name ?? '', crd]))(
    '%s is served as it is',
    (_, crd) => {
      const object = structuredClone(crd)
      expect(pruneUnknownFields(object, schema)).toEqual([])
      expect(checkTypes(object, schema)).toBe(undefined)
      applySchemaDefaults(object, schema)
      crdStrategy.applyDefaults?.(object, 'v1')
      crdStrategy.prepareForCreate?.(object, context)
      expect(crdStrategy.validate?.(object, context) ?? []).toEqual([])

      const { spec } = object as CrdObject
      const definition = customResourceDefinition(object)
      const served = spec.versions.filter((version) => version.served).map((version) => version.name)
      expect(definition.versions.map(({ version }) => version).toSorted()).toEqual(served.toSorted())
      for (const version of spec.versions) {
        const compiled = compileStructuralSchema(version.schema?.openAPIV3Schema ?? {})
        expect(compiled.node.properties?.get('spec')).toBeDefined()
      }
    },
  )
})
