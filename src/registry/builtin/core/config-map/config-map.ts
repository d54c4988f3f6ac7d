import type { BuiltinKind } from '../../builtin-kind.ts'
import { fieldsAt } from '../../fields.ts'

export const configMapKind: BuiltinKind = {
  group: '',
  resource: 'configmaps',
  strategy: { generation: 'none' },
  cells: {
    Data: (object) =>
      Object.keys(fieldsAt(object, 'data') ?? {}).length + Object.keys(fieldsAt(object, 'binaryData') ?? {}).length,
  },
}
