import { LRUCache } from 'lru-cache'
import { parseJson, stringifyJson } from '../../meta/json.ts'
import type { Json, JsonObject, KubeObject } from '../../meta/object.ts'
import type { SchemaNode } from '../../meta/schema.ts'
import { type CrdObject, type CrdVersion, servedNames, storageVersionOf } from '../apiextensions/crd-object.ts'
import type { ResourceDefinition, ResourceVersion, SubresourceDefinition, Verb } from '../resource-definition.ts'
import { applySchemaDefaults } from '../schema/apply-schema-defaults.ts'
import { cloneJson } from '../schema/json-value.ts'
import { pruneUnknownFields } from '../schema/prune-unknown-fields.ts'
import { compileStructuralSchema, contentHash } from '../schema/structural-schema.ts'
import { customColumns, customSelectableFields } from './custom-columns.ts'
import { customStatusStrategy, customStrategy, type CustomRules } from './custom-strategy.ts'
import { compareKubeVersions } from '../../meta/kube-version.ts'
import { toScaleDefinition } from './scale-paths.ts'

const cacheBytes = 48 * 1024 * 1024

/** Definitions by content: the workspaces that have the same CRD share one. The schemas inside are shared by themselves. */
const definitions = new LRUCache<string, ResourceDefinition>({
  maxSize: cacheBytes,
  sizeCalculation: (definition) => definitionBytes(definition),
})

const allVerbs: readonly Verb[] = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch']
/** What discovery offers while the CRD is being deleted. */
const terminatingVerbs: readonly Verb[] = ['delete', 'deletecollection', 'get', 'list', 'watch']

/**
 * The definition of the resource that a CRD declares. It depends on the CRD's content alone, not on where the CRD is.
 * Whether the CRD is established is for the caller to see.
 */
export function customResourceDefinition(crd: KubeObject): ResourceDefinition {
  const key = contentKeyOf(crd)
  let definition = definitions.get(key)
  if (!definition) {
    definition = makeDefinition(factsOf(crd as CrdObject))
    keys.set(definition, key)
    definitions.set(key, definition)
  }
  return definition
}

/** The definition of a content key, as long as it is remembered. */
export function knownDefinition(key: string): ResourceDefinition | undefined {
  return definitions.get(key)
}

const keys = new WeakMap<object, string>()

/** Equal keys, equal definitions: of a CRD, or of a definition made from one. */
export function contentKeyOf(source: KubeObject | ResourceDefinition): string {
  let key = keys.get(source)
  if (key === undefined)
    keys.set(source, (key = isDefinition(source) ? hashDefinition(source) : hashCrd(source as CrdObject)))
  return key
}

function isDefinition(source: KubeObject | ResourceDefinition): source is ResourceDefinition {
  return Array.isArray(source['versions'])
}

/** Of a definition that somebody has made from another one. */
function hashDefinition({ group, resource, kind, listKind, versions }: ResourceDefinition): string {
  const schemas = versions.map((version) => [version.version, Buffer.from(schemaTexts.get(version) ?? []).toString()])
  return contentHash([group, resource, kind, listKind, schemas])
}

function hashCrd({ metadata, spec, status }: CrdObject): string {
  return contentHash([spec, status?.acceptedNames, isTerminating(metadata), hasEvolved(metadata)])
}

function isTerminating({ deletionTimestamp }: KubeObject['metadata']): boolean {
  return deletionTimestamp !== undefined
}

/** The CRD has been changed since it was created: what is stored may lack defaults that came later. */
function hasEvolved({ generation = 1 }: KubeObject['metadata']): boolean {
  return generation > 1
}

/** The `openAPIV3Schema` that a version of a custom resource was made from, descriptions and all. */
export function openApiSchemaOf(version: ResourceVersion): JsonObject | undefined {
  const text = schemaTexts.get(version)
  return text && (parseJson(text) as JsonObject)
}

/** Schemas as JSON text: a tenth of the memory of the parsed form, which is needed once to compile it. */
const schemaTexts = new WeakMap<ResourceVersion, Uint8Array>()

/** Roughly what a definition holds on to. */
export function definitionBytes({ versions }: ResourceDefinition): number {
  const perVersion = (version: ResourceVersion) => 2_000 + (schemaTexts.get(version)?.length ?? 0)
  return versions.reduce((sum, version) => sum + perVersion(version), 4_000)
}

/** What is kept of a CRD. */
interface CrdFacts {
  readonly crd: CrdObject
  readonly versions: readonly VersionFacts[]
}

interface VersionFacts {
  /** Without its schema. */
  readonly version: CrdVersion
  readonly schemaText: Uint8Array
}

/** What a version without a schema knows of its objects; such versions are older than the rule that each needs one. */
const anySchema: JsonObject = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }

function factsOf(crd: CrdObject): CrdFacts {
  const versions = crd.spec.versions.map(({ schema, ...version }) => ({
    version,
    schemaText: Buffer.from(stringifyJson((schema?.openAPIV3Schema ?? anySchema) as Json)),
  }))
  return { crd: { ...crd, spec: { ...crd.spec, versions: versions.map(({ version }) => version) } }, versions }
}

function makeDefinition(facts: CrdFacts): ResourceDefinition {
  const { crd, versions } = facts
  const { group, scope } = crd.spec
  const names = servedNames(crd)
  const rules = rulesOf(facts)
  const served = versions
    .filter(({ version }) => version.served)
    .sort((a, b) => compareKubeVersions(a.version.name, b.version.name))
  return {
    group,
    resource: names.plural,
    singular: names.singular,
    kind: names.kind,
    listKind: names.listKind,
    namespaced: scope === 'Namespaced',
    shortNames: names.shortNames,
    categories: names.categories,
    identity: identityOf(crd),
    storageVersion: storageVersionOf(crd.spec),
    versions: served.map((version) => makeVersion(facts, rules, version)),
    verbs: rules.terminating ? terminatingVerbs : allVerbs,
    custom: true,
    subresources: subresourcesOf(crd.spec.versions.find(({ storage }) => storage) ?? crd.spec.versions[0], rules),
    strategy: customStrategy(rules),
  }
}

/**
 * Types that may share a wildcard. Index keys of objects carry it, so it must outlive every change of the schema: it is
 * made from what a CRD can never change.
 */
function identityOf({ spec }: CrdObject): string {
  const { group, scope, names } = spec
  return `${group}:${names.plural}:${contentHash([group, names.plural, names.kind, scope])}`
}

function rulesOf({ crd, versions }: CrdFacts): CustomRules {
  const find = (name: string): VersionFacts | undefined => versions.find(({ version }) => version.name === name)
  // Asked for with every write. Held by whoever uses it and by the compiler's own bounded memory, not by this.
  const compiled = new Map<string, WeakRef<SchemaNode>>()
  return {
    type: { group: crd.spec.group, resource: servedNames(crd).plural },
    schemaOf(name) {
      const known = compiled.get(name)?.deref()
      if (known) return known
      const facts = find(name)
      const { node } = compileStructuralSchema(schemaOf(facts))
      if (facts) compiled.set(name, new WeakRef(node))
      return node
    },
    scaleOf: (name) => find(name)?.version.subresources?.scale,
    terminating: isTerminating(crd.metadata),
  }
}

function schemaOf(facts: VersionFacts | undefined): JsonObject {
  return facts ? (parseJson(facts.schemaText) as JsonObject) : anySchema
}

function makeVersion(facts: CrdFacts, rules: CustomRules, { version, schemaText }: VersionFacts): ResourceVersion {
  const { name, additionalPrinterColumns, selectableFields } = version
  const warning = deprecationWarningOf(facts.crd, version)
  const made = {
    version: name,
    selectableFields: customSelectableFields(selectableFields),
    subresources: subresourcesOf(version, rules),
    ...(warning === undefined ? {} : { deprecationWarning: warning }),
    ...conversionOf(facts, rules, name, schemaText),
  }
  // Most CRDs of most workspaces are never used: what costs memory is made when it is first asked for.
  lazily(made, 'schema', () => rules.schemaOf(name))
  lazily(made, 'columns', () => customColumns(additionalPrinterColumns))
  const result = made as unknown as ResourceVersion
  schemaTexts.set(result, schemaText)
  return result
}

function lazily(target: object, name: string, compute: () => unknown): void {
  const get = (): unknown => {
    const value = compute()
    Object.defineProperty(target, name, { value, enumerable: true })
    return value
  }
  Object.defineProperty(target, name, { get, enumerable: true, configurable: true })
}

/**
 * Conversion strategy None: versions share their fields, each knows some of them. An object is stored with what the
 * storage version knows, and read with what the asked version knows and defaults.
 */
function conversionOf(
  { crd, versions }: CrdFacts,
  rules: CustomRules,
  name: string,
  schemaText: Uint8Array,
): Pick<ResourceVersion, 'toStorage' | 'fromStorage'> {
  const storage = versions.find(({ version }) => version.storage)
  const fromStorage = (object: KubeObject): KubeObject => fit(object, rules.schemaOf(name), true)
  const toStorage = (object: KubeObject): KubeObject => fit(object, rules.schemaOf(storage?.version.name ?? ''), false)
  const differs = storage !== undefined && Buffer.compare(storage.schemaText, schemaText) !== 0
  if (differs) return { fromStorage, toStorage }
  // Reading what was stored under an older schema shows the defaults of the new one.
  const lacksDefaults = hasEvolved(crd.metadata) && Buffer.from(schemaText).includes('"default":')
  return lacksDefaults ? { fromStorage } : {}
}

function fit(object: KubeObject, schema: SchemaNode, withDefaults: boolean): KubeObject {
  const { metadata, ...rest } = object
  const copy = cloneJson(rest)
  pruneUnknownFields(copy, schema)
  if (withDefaults) applySchemaDefaults(copy, schema)
  return { metadata, ...copy }
}

function deprecationWarningOf({ spec }: CrdObject, version: CrdVersion): string | undefined {
  if (!version.deprecated) return undefined
  if (version.deprecationWarning !== undefined) return version.deprecationWarning
  const { group, names, versions } = spec
  const [better] = versions
    .filter((other) => other.served && !other.deprecated && compareKubeVersions(other.name, version.name) < 0)
    .sort((a, b) => compareKubeVersions(a.name, b.name))
  const instead = better ? `; use ${group}/${better.name} ${names.kind}` : ''
  return `${group}/${version.name} ${names.kind} is deprecated${instead}`
}

function subresourcesOf(version: CrdVersion | undefined, rules: CustomRules): readonly SubresourceDefinition[] {
  const scale = version?.subresources?.scale
  return [
    ...(version?.subresources?.status
      ? [{ name: 'status', type: 'status', strategy: customStatusStrategy(rules) } as const]
      : []),
    ...(scale ? [{ name: 'scale', type: 'scale', scale: toScaleDefinition(scale) } as const] : []),
  ]
}
