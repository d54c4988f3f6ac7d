import { forbidden } from '../../../../meta/api-errors.ts'
import { nameIsDnsLabel } from '../../../../meta/names.ts'
import type { KubeObject } from '../../../../meta/object.ts'
import type { Strategy } from '../../../resource-definition.ts'
import type { BuiltinKind } from '../../builtin-kind.ts'
import { defaultZero, ensureFields, fieldsAt, stringAt, stringsAt } from '../../fields.ts'
import { textCell } from '../../table-cells.ts'
import { validateFinalize, validateFinalizers, validateNamespaceStatus } from './namespace-validation.ts'

const nameLabel = 'kubernetes.io/metadata.name'
const finalizer = 'kubernetes'
/** What a cluster cannot be without. */
const protectedNames = new Set(['default', 'kube-public', 'kube-system'])

function labelWithName({ metadata }: KubeObject): void {
  if (metadata.name) metadata.labels = { ...metadata.labels, [nameLabel]: metadata.name }
}

function applyDefaults(namespace: KubeObject): void {
  labelWithName(namespace)
  const status = ensureFields(namespace, 'status')
  if (status) defaultZero(status, 'phase', 'Active')
}

function finalizersOf(namespace: KubeObject): readonly string[] {
  return stringsAt(namespace, 'spec', 'finalizers')
}

const strategy: Strategy = {
  generation: 'none',
  returnsDeletedObject: true,
  validateName: nameIsDnsLabel,
  applyDefaults,
  prepareForCreate(namespace) {
    const finalizers = finalizersOf(namespace)
    const spec = ensureFields(namespace, 'spec')
    if (spec && !finalizers.includes(finalizer)) spec['finalizers'] = [...finalizers, finalizer]
    namespace['status'] = { phase: 'Active' }
  },
  // Only the finalize subresource takes finalizers away.
  prepareForUpdate(namespace, previous) {
    const spec = ensureFields(namespace, 'spec')
    if (spec === undefined) return
    delete spec['finalizers']
    const finalizers = finalizersOf(previous)
    if (finalizers.length > 0) spec['finalizers'] = [...finalizers]
  },
  canonicalize: labelWithName,
  validate: validateFinalizers,
  beforeDelete({ metadata: { name = '' } }) {
    if (protectedNames.has(name)) {
      throw forbidden({ group: '', resource: 'namespaces' }, name, 'this namespace may not be deleted')
    }
  },
  holdsDeletion: (namespace) => finalizersOf(namespace).length > 0,
  onMarkedForDeletion(namespace) {
    namespace['status'] = { ...fieldsAt(namespace, 'status'), phase: 'Terminating' }
  },
}

/** What the namespace controller writes when nothing is left inside. */
const finalize: Strategy = {
  validate: validateFinalize,
  prepareForUpdate(namespace, previous) {
    namespace['status'] = previous['status']
  },
}

export const namespaceKind: BuiltinKind = {
  group: '',
  resource: 'namespaces',
  selectableFields: { 'status.phase': (namespace) => stringAt(namespace, 'status', 'phase') },
  strategy,
  statusStrategy: { validate: validateNamespaceStatus },
  parts: { finalize },
  cells: { Status: textCell('status', 'phase') },
}
