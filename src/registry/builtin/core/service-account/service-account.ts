import type { BuiltinKind } from '../../builtin-kind.ts'

export const serviceAccountKind: BuiltinKind = {
  group: '',
  resource: 'serviceaccounts',
  strategy: { generation: 'none', returnsDeletedObject: true },
}
