import type { KubeObject } from '../../../meta/object.ts'
import type { BuiltinKind } from '../builtin-kind.ts'
import { listAt, stringAt } from '../fields.ts'

/** The hub's controllers and its store run in the process that answers: when it answers, they are there. */
const components: readonly (readonly [string, string])[] = [
  ['controller-manager', 'ok'],
  ['etcd-0', 'ok'],
]

function toComponentStatus(name: string, message: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ComponentStatus',
    metadata: { name },
    conditions: [{ type: 'Healthy', status: 'True', message }],
  }
}

function healthy(object: KubeObject) {
  return listAt(object, 'conditions').find((condition) => condition['type'] === 'Healthy')
}

/** A list without a store, kept for tools that read it. */
export const componentStatusKind: BuiltinKind = {
  group: '',
  resource: 'componentstatuses',
  deprecationWarning: 'v1 ComponentStatus is deprecated in v1.19+',
  overlay: {
    objects: new Map(components.map(([name, message]) => [`/${name}`, toComponentStatus(name, message)])),
  },
  cells: {
    Status: (object) => {
      const condition = healthy(object)
      if (condition === undefined) return 'Unknown'
      return condition['status'] === 'True' ? 'Healthy' : 'Unhealthy'
    },
    Message: (object) => stringAt(healthy(object), 'message'),
    Error: (object) => stringAt(healthy(object), 'error'),
  },
}
