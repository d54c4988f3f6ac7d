import type { KubeObject } from '../../src/meta/object.ts'
import { builtinDefinitions } from '../../src/registry/builtin/builtin-definitions.ts'
import type { Place } from './created-object.ts'

const definitions = builtinDefinitions()

export interface ServedPlace extends Place {
  /** Of the collection, in the namespace `default` where there are namespaces. */
  readonly path: string
}

/** Where objects of this apiVersion and kind are; undefined when they are not served, or cannot be listed. */
export function findServedPlace({ apiVersion = '', kind }: KubeObject): ServedPlace | undefined {
  const [first = '', second] = apiVersion.split('/')
  const [group, name] = second === undefined ? ['', first] : [first, second]
  const definition = definitions.find((item) => item.group === group && item.kind === kind)
  const version = definition?.versions.find((item) => item.version === name)
  if (!definition?.verbs.includes('list') || !version) return undefined
  const root = group === '' ? `/api/${name}` : `/apis/${group}/${name}`
  const path = `${root}${definition.namespaced ? '/namespaces/default' : ''}/${definition.resource}`
  return { definition, version, path }
}

export function servedPlace(object: KubeObject): ServedPlace {
  const place = findServedPlace(object)
  if (!place) throw new Error(`${object.kind} of ${object.apiVersion} is not served`)
  return place
}
