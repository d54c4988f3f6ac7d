import { fromApiVersion } from '../../../meta/group-version.ts'
import type { BuiltinKind } from '../builtin-kind.ts'
import { numberAt } from '../fields.ts'

export const controllerRevisionKind: BuiltinKind = {
  group: 'apps',
  resource: 'controllerrevisions',
  strategy: { generation: 'none' },
  cells: {
    Controller: ({ metadata }) => {
      const owner = metadata.ownerReferences?.find(({ controller }) => controller === true)
      if (owner === undefined) return '<none>'
      const group = fromApiVersion(owner.apiVersion)?.group ?? ''
      return `${(group === '' ? owner.kind : `${owner.kind}.${group}`).toLowerCase()}/${owner.name}`
    },
    Revision: (object) => numberAt(object, 'revision') ?? 0,
  },
}
