import type { BuiltinKind } from '../../builtin-kind.ts'
import { type Fields, fieldsAt, stringAt } from '../../fields.ts'
import { textCell } from '../../table-cells.ts'
import { accessModesAt, storageClassOf } from '../volume-cells.ts'
import { defaultClaim } from './claim-defaults.ts'

/** `dataSource` and `dataSourceRef` say the same, whichever was written. */
function mirrorDataSource(spec: Fields): void {
  // Sources in other namespaces are off by default upstream.
  if (stringAt(spec, 'dataSourceRef', 'namespace') !== '') delete spec['dataSourceRef']
  if (!isCloneOrSnapshot(fieldsAt(spec, 'dataSource'))) delete spec['dataSource']
  const source = fieldsAt(spec, 'dataSource')
  const reference = fieldsAt(spec, 'dataSourceRef')
  if (source && !reference) spec['dataSourceRef'] = { ...source }
  else if (reference && !source) spec['dataSource'] = { ...reference }
}

/** The only sources that the older of both fields may name. */
function isCloneOrSnapshot(source: Fields | undefined): boolean {
  const type = `${stringAt(source, 'apiGroup')}/${stringAt(source, 'kind')}`
  return type === '/PersistentVolumeClaim' || type === 'snapshot.storage.k8s.io/VolumeSnapshot'
}

export const persistentVolumeClaimKind: BuiltinKind = {
  group: '',
  resource: 'persistentvolumeclaims',
  strategy: {
    generation: 'none',
    returnsDeletedObject: true,
    applyDefaults: defaultClaim,
    prepareForCreate(object) {
      object['status'] = { phase: 'Pending' }
      const spec = fieldsAt(object, 'spec')
      if (spec) mirrorDataSource(spec)
    },
    prepareForUpdate(object) {
      const spec = fieldsAt(object, 'spec')
      if (spec) mirrorDataSource(spec)
    },
  },
  cells: {
    Status: (object) => (object.metadata.deletionTimestamp ? 'Terminating' : stringAt(object, 'status', 'phase')),
    Volume: textCell('spec', 'volumeName'),
    Capacity: (object) =>
      stringAt(object, 'spec', 'volumeName') === '' ? '' : stringAt(object, 'status', 'capacity', 'storage') || '0',
    'Access Modes': (object) =>
      stringAt(object, 'spec', 'volumeName') === '' ? '' : accessModesAt(object, 'status', 'accessModes'),
    StorageClass: storageClassOf,
    VolumeAttributesClass: (object) => stringAt(object, 'spec', 'volumeAttributesClassName') || '<unset>',
    VolumeMode: (object) => stringAt(object, 'spec', 'volumeMode') || '<unset>',
  },
}
