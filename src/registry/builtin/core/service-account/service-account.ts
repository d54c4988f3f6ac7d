import type { KubeObject } from '../../../../meta/object.ts'
import type { BuiltinKind } from '../../builtin-kind.ts'
import { listAt, stringAt } from '../../fields.ts'

/** Only names count: secrets are always of the account's own namespace. */
function cleanSecrets(account: KubeObject): void {
  const secrets = listAt(account, 'secrets')
  if (secrets.length > 0) account['secrets'] = secrets.map((secret) => ({ name: stringAt(secret, 'name') }))
}

export const serviceAccountKind: BuiltinKind = {
  group: '',
  resource: 'serviceaccounts',
  strategy: {
    generation: 'none',
    returnsDeletedObject: true,
    prepareForCreate: cleanSecrets,
    prepareForUpdate: cleanSecrets,
  },
}
