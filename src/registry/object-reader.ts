import type { MaybePromise } from '../base/maybe-promise.ts'
import type { KubeObject } from '../meta/object.ts'
import type { CollectionAddress, ObjectAddress } from '../storage/keys.ts'

/** Reads objects as they are stored (storage version, overlay merged in), newest state. Results are shared: never change them. */
export interface ObjectReader {
  get(address: ObjectAddress): MaybePromise<KubeObject | undefined>
  list(collection: CollectionAddress): MaybePromise<readonly KubeObject[]>
}
