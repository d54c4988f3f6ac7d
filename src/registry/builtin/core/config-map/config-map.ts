import type { BuiltinKind } from '../../builtin-kind.ts'
import { fieldsAt } from '../../fields.ts'
import { validateConfigMap, validateConfigMapUpdate } from './config-map-validation.ts'

export const configMapKind: BuiltinKind = {
  group: '',
  resource: 'configmaps',
  strategy: { generation: 'none', validate: validateConfigMap, validateUpdate: validateConfigMapUpdate },
  cells: {
    Data: (object) =>
      Object.keys(fieldsAt(object, 'data') ?? {}).length + Object.keys(fieldsAt(object, 'binaryData') ?? {}).length,
  },
}
