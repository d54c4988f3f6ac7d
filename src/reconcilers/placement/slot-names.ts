import { createHash } from 'node:crypto'
import type { DeliverySource } from '../../meta/fleet/delivery.ts'

const hashLength = 25 // base36: 129 bits, so that no two identities meet
const readableLength = 36 // with the hash and a dash, 62 of the 63 characters that a namespace may have

/** The name of a slot: the same for every version of an object, different for every other object. */
export function deliveryName({ logicalCluster, group, resource, namespace, name }: DeliverySource): string {
  return readable(name) + hashOf(['delivery/v1', logicalCluster, group, resource, namespace, name])
}

/**
 * The namespace on an `Isolated` child for one namespace of one logical cluster of one hub. The child keeps the whole
 * origin in an annotation, which the syncer compares before it writes.
 */
export function mappedNamespace(hubId: string, logicalCluster: string, namespace: string): string {
  return readable(namespace) + hashOf(['namespace/v1', hubId, logicalCluster, namespace])
}

function readable(name: string): string {
  const plain = name
    .replaceAll(/[^a-z0-9-]/g, '-')
    .replace(/^-+/, '')
    .slice(0, readableLength)
    .replace(/-+$/, '')
  return plain === '' ? 'x-' : `${plain}-`
}

function hashOf(parts: readonly string[]): string {
  const digest = createHash('sha256').update(parts.join('\u0000')).digest('hex')
  return BigInt(`0x${digest}`).toString(36).slice(0, hashLength)
}
