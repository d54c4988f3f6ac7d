import type { Json, JsonObject, KubeObject } from '../object.ts'
import { isJsonObject } from '../patch/json-value.ts'
import { utf8ByteLength } from '../utf8.ts'
import { compareObjects } from './compare.ts'
import { difference, type FieldSet } from './field-set.ts'
import type { FieldManagement } from './ownership.ts'
import { encodeGoJson } from './path-element.ts'
import { readApplied } from './read-applied.ts'

/*
 * What client-side apply left behind: the annotation with the configuration that it applied last. Only the manager
 * "kubectl" gets this treatment; whoever does not want it uses another name.
 */

export const clientSideApplyManager = 'kubectl'
const annotation = 'kubectl.kubernetes.io/last-applied-configuration'
const maxAnnotationBytes = 256 * 1024

/**
 * The fields that client-side apply owned in fact: those of the annotation whose values are still there. An apply may
 * take them without a conflict. undefined when there is no usable annotation.
 */
export function fieldsOfClientSideApply(live: JsonObject, how: FieldManagement): FieldSet | undefined {
  const value = annotationOf(live)
  if (value === undefined || value === '') return undefined
  const lastApplied = parse(value)
  if (!lastApplied || lastApplied['apiVersion'] !== how.apiVersion) return undefined
  const { fields, problems } = readApplied(lastApplied, how.schema)
  if (problems.length > 0) return undefined
  const { added, modified, removed } = compareObjects(lastApplied, live, how.schema)
  return difference(difference(difference(fields, modified), added), removed)
}

function parse(value: string): JsonObject | undefined {
  try {
    const json: unknown = JSON.parse(value)
    return isJsonObject(json) && typeof json['kind'] === 'string' && json['kind'] !== '' ? json : undefined
  } catch {
    return undefined
  }
}

function annotationOf(object: JsonObject | KubeObject): string | undefined {
  const metadata: unknown = object['metadata']
  const annotations = isJsonObject(metadata) ? metadata['annotations'] : undefined
  const value = isJsonObject(annotations) ? annotations[annotation] : undefined
  return typeof value === 'string' ? value : undefined
}

/** The object whose annotation says what was applied now, if it has the annotation; itself when that says so already. */
export function withCurrentLastApplied(object: JsonObject, applied: JsonObject): JsonObject {
  const present = annotationOf(object)
  if (present === undefined || present === '') return object
  const current = `${encodeGoJson(withoutAnnotation(applied))}\n`
  if (current === present) return object
  const metadata = object['metadata'] as JsonObject
  const annotations: JsonObject = { ...(metadata['annotations'] as JsonObject), [annotation]: current }
  if (bytesOf(annotations) > maxAnnotationBytes) delete annotations[annotation]
  return { ...object, metadata: { ...metadata, annotations } }
}

function withoutAnnotation(applied: JsonObject): Json {
  const { metadata } = applied
  if (!isJsonObject(metadata) || !isJsonObject(metadata['annotations'])) return applied
  const { [annotation]: _, ...annotations } = metadata['annotations']
  return { ...applied, metadata: { ...metadata, annotations } }
}

function bytesOf(annotations: JsonObject): number {
  return Object.entries(annotations).reduce((bytes, [key, value]) => {
    return bytes + utf8ByteLength(key) + (typeof value === 'string' ? utf8ByteLength(value) : 0)
  }, 0)
}
