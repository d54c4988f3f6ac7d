import { isPromise, type MaybePromise } from '../../base/maybe-promise.ts'
import type { Identity } from '../../client/transport.ts'
import type { KubeObject } from '../../meta/object.ts'

export type AdmissionOperation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'

/** The part of a request that never changes between requests of one sort: which plugins care is decided by it, once. */
export interface AdmissionTarget {
  readonly operation: AdmissionOperation
  readonly group: string
  readonly resource: string
  /** Empty for the object itself. */
  readonly subresource: string
}

/** What plugins see of one write. */
export interface AdmissionAttributes extends AdmissionTarget {
  readonly version: string
  readonly kind: string
  readonly logicalCluster: string
  readonly user: Identity
  /** Empty for cluster-scoped resources. */
  readonly namespace: string
  /** Empty for a create with generateName only, and for deletecollection. */
  readonly name: string
  /** The new object in the request's version, owned by the request; undefined for DELETE. Only `mutate` may change it. */
  readonly object: KubeObject | undefined
  /** The object as it stands, in the request's version; undefined for CREATE and CONNECT. Never changed. */
  readonly oldObject: KubeObject | undefined
  readonly dryRun: boolean
  /** Adds a Warning header. */
  warn(text: string): void
}

/**
 * One admission rule. Plugins hold no state of a request; they refuse by throwing ApiStatusError. `mutate` runs before
 * validation and must be idempotent (a retried update runs it again), `validate` runs on the final object.
 */
export interface AdmissionPlugin {
  readonly name: string
  /** Asked once per target, then remembered; must depend on nothing else. */
  handles(target: AdmissionTarget): boolean
  mutate?(attributes: AdmissionAttributes): MaybePromise<void>
  validate?(attributes: AdmissionAttributes): MaybePromise<void>
}

/** Plugins in the order in which they were given; a promise only when a plugin made one. */
export interface AdmissionChain {
  mutate(attributes: AdmissionAttributes): MaybePromise<void>
  validate(attributes: AdmissionAttributes): MaybePromise<void>
}

interface Selected {
  readonly mutators: readonly AdmissionPlugin[]
  readonly validators: readonly AdmissionPlugin[]
}

const selectedLimit = 4_096 // custom resources are named by tenants; forgetting them all costs one new selection each

export function createAdmissionChain(plugins: readonly AdmissionPlugin[]): AdmissionChain {
  const selected = new Map<string, Selected>()
  const select = (target: AdmissionTarget): Selected => {
    const key = `${target.operation}/${target.group}/${target.resource}/${target.subresource}`
    const known = selected.get(key)
    if (known) return known
    const interested = plugins.filter((plugin) => plugin.handles(target))
    const fresh = {
      mutators: interested.filter((plugin) => typeof plugin.mutate === 'function'),
      validators: interested.filter((plugin) => typeof plugin.validate === 'function'),
    }
    if (selected.size >= selectedLimit) selected.clear()
    selected.set(key, fresh)
    return fresh
  }
  return {
    mutate: (attributes) => runFrom(select(attributes).mutators, 0, (plugin) => plugin.mutate?.(attributes)),
    validate: (attributes) => runFrom(select(attributes).validators, 0, (plugin) => plugin.validate?.(attributes)),
  }
}

function runFrom(
  plugins: readonly AdmissionPlugin[],
  start: number,
  step: (plugin: AdmissionPlugin) => MaybePromise<void>,
): MaybePromise<void> {
  for (let index = start; index < plugins.length; index++) {
    const plugin = plugins[index]
    const running = plugin && step(plugin)
    if (isPromise(running)) return running.then(() => runFrom(plugins, index + 1, step))
  }
}

/** Creates and updates of pods, not of their subresources. */
export function isPodItself({ operation, group, resource, subresource }: AdmissionTarget): boolean {
  return (operation === 'CREATE' || operation === 'UPDATE') && group === '' && resource === 'pods' && subresource === ''
}
