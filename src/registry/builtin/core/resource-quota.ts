import type { KubeObject } from '../../../meta/object.ts'
import type { BuiltinKind } from '../builtin-kind.ts'
import { fieldsAt, stringAt } from '../fields.ts'
import { roundResourceList } from './resource-list.ts'

/** `name: used/hard, …` of the resources that are limits, or of those that are not. */
function usageCell(quota: KubeObject, ofLimits: boolean): string {
  const hard = fieldsAt(quota, 'status', 'hard') ?? {}
  const names = Object.keys(hard).filter((name) => name.startsWith('limits.') === ofLimits)
  return names
    .sort()
    .map((name) => `${name}: ${stringAt(quota, 'status', 'used', name) || '0'}/${stringAt(hard, name)}`)
    .join(', ')
}

export const resourceQuotaKind: BuiltinKind = {
  group: '',
  resource: 'resourcequotas',
  strategy: {
    generation: 'none',
    returnsDeletedObject: true,
    applyDefaults(object) {
      roundResourceList(fieldsAt(object, 'spec', 'hard'))
      roundResourceList(fieldsAt(object, 'status', 'hard'))
      roundResourceList(fieldsAt(object, 'status', 'used'))
    },
    prepareForCreate(object) {
      object['status'] = {}
    },
  },
  cells: {
    Request: (object) => usageCell(object, false),
    Limit: (object) => usageCell(object, true),
  },
}
