import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { LRUCache } from 'lru-cache'
import { stringifyJson } from '../../meta/json.ts'
import type { Json } from '../../meta/object.ts'
import { contentKeyOf } from '../../registry/custom/custom-resource-definition.ts'
import type { CatalogSnapshot } from '../../registry/resource-catalog.ts'
import { hasDescriptions } from './descriptions.ts'
import { type DocumentedResource, groupVersionDocument } from './group-version-document.ts'

export interface OpenApiDocument {
  /** JSON. Shared by all who ask for the same content; never changed. */
  readonly bytes: Uint8Array
  /** Upper-case hex of SHA-512: the `hash` parameter of its URL, and in quotes its ETag. */
  readonly hash: string
  /** The bytes compressed, made once. */
  gzip(): Uint8Array
}

/**
 * OpenAPI v3 of what a logical cluster serves. Documents depend on the content of the definitions alone, so workspaces
 * with the same types share them; they are made when they are first asked for, some milliseconds each.
 *
 * What the HTTP side makes of it: `GET /openapi/v3` answers with `index`, its ETag and no lifetime.
 * `GET /openapi/v3/api/v1` or `…/apis/<group>/<version>` answers 404 without a document; with a `hash` query other than the
 * document's a 301 to the same path with the right one; with the right one `Cache-Control: public, immutable` and an
 * `Expires` a year ahead; without one the document and no lifetime. Always `Vary: Accept` and the ETag (304 on a matching
 * If-None-Match), JSON only (another Accept: 406).
 */
export interface OpenApiV3 {
  /** `{"paths":{"apis/apps/v1":{"serverRelativeURL":"<prefix>/openapi/v3/apis/apps/v1?hash=…"}}}`; prefix `/clusters/<path>`. */
  index(snapshot: CatalogSnapshot, prefix: string): OpenApiDocument
  /** Undefined when nothing is served in that group and version. */
  document(snapshot: CatalogSnapshot, group: string, version: string): OpenApiDocument | undefined
}

export interface OpenApiV3Options {
  /** `1.36` */
  readonly kubernetesVersion: string
  /** How much memory documents may take. */
  readonly cacheBytes?: number
}

const defaultCacheBytes = 24 * 1024 * 1024

/** The group-versions of a snapshot, by path below /openapi/v3, and the hash of the document of each. */
type Entries = ReadonlyMap<string, { readonly group: string; readonly version: string; readonly hash: string }>

export function createOpenApiV3({ kubernetesVersion, cacheBytes = defaultCacheBytes }: OpenApiV3Options): OpenApiV3 {
  const documents = new LRUCache<string, OpenApiDocument>({
    maxSize: cacheBytes,
    sizeCalculation: ({ bytes }) => bytes.length + 500,
  })
  const entriesOf = new LRUCache<string, Entries>({ max: 200 })

  function entries(snapshot: CatalogSnapshot): Entries {
    let known = entriesOf.get(snapshot.key)
    if (!known) entriesOf.set(snapshot.key, (known = collectEntries(snapshot, kubernetesVersion)))
    return known
  }

  return {
    index(snapshot, prefix) {
      const paths = [...entries(snapshot)].map(([path, { hash }]) => [
        path,
        { serverRelativeURL: `${prefix}/openapi/v3/${path}?hash=${hash}` },
      ])
      const bytes = Buffer.from(JSON.stringify({ paths: Object.fromEntries(paths) as unknown }))
      return toDocument(bytes, sha512(bytes))
    },
    document(snapshot, group, version) {
      const entry = entries(snapshot).get(pathOf(group, version))
      if (!entry) return undefined
      const known = documents.get(entry.hash)
      if (known) return known
      const resources = resourcesIn(snapshot, group, version)
      const content = groupVersionDocument({ group, version, resources, kubernetesVersion })
      const document = toDocument(Buffer.from(stringifyJson(content as Json)), entry.hash)
      documents.set(entry.hash, document)
      return document
    },
  }
}

function pathOf(group: string, version: string): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`
}

function collectEntries(snapshot: CatalogSnapshot, kubernetesVersion: string): Entries {
  const content = new Map<string, { group: string; version: string; parts: string[] }>()
  for (const definition of snapshot.definitions) {
    const { group, resource, custom } = definition
    // A built-in is what it is in this release; a custom type is what its CRD says.
    const part = custom ? contentKeyOf(definition) : resource
    for (const { version } of definition.versions) {
      const path = pathOf(group, version)
      const entry = content.get(path) ?? { group, version, parts: [] }
      content.set(path, entry)
      entry.parts.push(part)
    }
  }
  const release = `${kubernetesVersion} ${hasDescriptions()}`
  const paths = [...content].sort(([a], [b]) => (a < b ? -1 : 1))
  return new Map(
    paths.map(([path, { group, version, parts }]) => [
      path,
      { group, version, hash: sha512(JSON.stringify([release, path, parts.sort()])) },
    ]),
  )
}

function resourcesIn({ definitions }: CatalogSnapshot, group: string, version: string): readonly DocumentedResource[] {
  return definitions.flatMap((definition) => {
    if (definition.group !== group) return []
    return definition.versions.filter((one) => one.version === version).map((one) => ({ definition, version: one }))
  })
}

function sha512(content: string | Uint8Array): string {
  return createHash('sha512').update(content).digest('hex').toUpperCase()
}

function toDocument(bytes: Uint8Array, hash: string): OpenApiDocument {
  let compressed: Uint8Array | undefined
  return { bytes, hash, gzip: () => (compressed ??= gzipSync(bytes, { level: 5 })) }
}
