import type { KubeObject } from '../../meta/object.ts'
import type { ObjectReader } from '../../registry/object-reader.ts'
import { collectionPrefix, objectKey, type ObjectAddress } from '../../storage/keys.ts'

/** Objects in a Map, for tests. With `delayed`, answers come as promises. */
export class MemoryReader implements ObjectReader {
  readonly objects = new Map<string, KubeObject>()
  delayed = false
  /** Calls so far, to see what is cached. */
  reads = 0

  put(address: ObjectAddress, object: KubeObject): void {
    this.objects.set(objectKey(address), object)
  }

  delete(address: ObjectAddress): void {
    this.objects.delete(objectKey(address))
  }

  get(address: ObjectAddress) {
    this.reads++
    const found = this.objects.get(objectKey(address))
    return this.delayed ? Promise.resolve(found) : found
  }

  list(collection: Parameters<ObjectReader['list']>[0]) {
    this.reads++
    const prefix = collectionPrefix(collection)
    const found = [...this.objects].filter(([key]) => key.startsWith(prefix)).map(([, object]) => object)
    return this.delayed ? Promise.resolve(found) : found
  }
}

const group = 'rbac.authorization.k8s.io'

/** Puts RBAC objects of one logical cluster in few words. */
export class RbacFixture {
  readonly reader: MemoryReader
  readonly #logicalCluster: string

  constructor(reader: MemoryReader, logicalCluster: string) {
    this.reader = reader
    this.#logicalCluster = logicalCluster
  }

  #put(resource: string, namespace: string, name: string, fields: Record<string, unknown>): this {
    const metadata = { name, ...(namespace === '' ? {} : { namespace }) }
    const address = { logicalCluster: this.#logicalCluster, group, resource, namespace, name }
    this.reader.put(address, { metadata, ...fields })
    return this
  }

  clusterRole(name: string, ...rules: unknown[]): this {
    return this.#put('clusterroles', '', name, { rules })
  }

  role(namespace: string, name: string, ...rules: unknown[]): this {
    return this.#put('roles', namespace, name, { rules })
  }

  clusterRoleBinding(name: string, role: string, ...subjects: unknown[]): this {
    const roleRef = { apiGroup: group, kind: 'ClusterRole', name: role }
    return this.#put('clusterrolebindings', '', name, { roleRef, subjects })
  }

  /** `role` is `Role/<name>` or `ClusterRole/<name>`. */
  roleBinding(namespace: string, name: string, role: string, ...subjects: unknown[]): this {
    const [kind, roleName] = role.split('/')
    return this.#put('rolebindings', namespace, name, { roleRef: { apiGroup: group, kind, name: roleName }, subjects })
  }

  /** Lets subjects through the gate. */
  access(...subjects: unknown[]): this {
    this.clusterRole('system:kcp:workspace:access', { verbs: ['access'], nonResourceURLs: ['/'] })
    return this.clusterRoleBinding('access', 'system:kcp:workspace:access', ...subjects)
  }
}

export const user = (name: string) => ({ kind: 'User', apiGroup: group, name })
export const groupSubject = (name: string) => ({ kind: 'Group', apiGroup: group, name })
export const serviceAccount = (namespace: string, name: string) => ({ kind: 'ServiceAccount', namespace, name })
