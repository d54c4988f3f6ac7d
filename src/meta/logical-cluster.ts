import type { KubeObject } from './object.ts'

/** Set only in answers to wildcard requests: the logical cluster that an object lives in. */
export const logicalClusterAnnotation = 'kcp.io/cluster'

/** Undefined outside wildcard answers. */
export function logicalClusterOf(object: KubeObject): string | undefined {
  return object.metadata.annotations?.[logicalClusterAnnotation]
}
