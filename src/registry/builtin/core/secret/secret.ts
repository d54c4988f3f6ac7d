import type { KubeObject } from '../../../../meta/object.ts'
import type { BuiltinKind } from '../../builtin-kind.ts'
import { defaultZero, ensureFields, fieldsAt, stringAt } from '../../fields.ts'
import { textCell } from '../../table-cells.ts'
import { validateSecret, validateSecretUpdate } from './secret-validation.ts'

function applyDefaults(secret: KubeObject): void {
  defaultZero(secret, 'type', 'Opaque')
  foldStringData(secret)
}

/** Plain text goes into `data`, in base64, and wins there; it is never stored or shown. */
function foldStringData(secret: KubeObject): void {
  const texts = fieldsAt(secret, 'stringData')
  if (texts === undefined) return
  const data = Object.keys(texts).length > 0 ? ensureFields(secret, 'data') : undefined
  if (data) {
    for (const [key, value] of Object.entries(texts)) {
      // By definition: `__proto__` is a key like others.
      const encoded = Buffer.from(typeof value === 'string' ? value : '', 'utf8').toString('base64')
      Object.defineProperty(data, key, { value: encoded, writable: true, enumerable: true, configurable: true })
    }
  }
  delete secret['stringData']
}

export const secretKind: BuiltinKind = {
  group: '',
  resource: 'secrets',
  selectableFields: { type: (object) => stringAt(object, 'type') },
  strategy: { generation: 'none', applyDefaults, validate: validateSecret, validateUpdate: validateSecretUpdate },
  cells: {
    Type: textCell('type'),
    Data: (object) => Object.keys(fieldsAt(object, 'data') ?? {}).length,
  },
}
