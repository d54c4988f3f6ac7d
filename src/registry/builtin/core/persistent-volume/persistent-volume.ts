import type { BuiltinKind } from '../../builtin-kind.ts'
import { defaultTo, defaultZero, ensureFields, fieldsAt, stringAt } from '../../fields.ts'
import { textCell } from '../../table-cells.ts'
import { formatTime } from '../../../../meta/time.ts'
import { defaultVolumeSource } from '../pod/volume-defaults.ts'
import { roundResourceList } from '../resource-list.ts'
import { accessModesAt, storageClassOf } from '../volume-cells.ts'

export const persistentVolumeKind: BuiltinKind = {
  group: '',
  resource: 'persistentvolumes',
  strategy: {
    generation: 'none',
    returnsDeletedObject: true,
    applyDefaults(object) {
      const status = ensureFields(object, 'status')
      if (status) defaultZero(status, 'phase', 'Pending')
      const spec = fieldsAt(object, 'spec')
      if (spec === undefined) return
      defaultZero(spec, 'persistentVolumeReclaimPolicy', 'Retain')
      defaultTo(spec, 'volumeMode', 'Filesystem')
      roundResourceList(fieldsAt(spec, 'capacity'))
      defaultVolumeSource(spec)
    },
    prepareForCreate(object, { nowMs }) {
      object['status'] = { phase: 'Pending', lastPhaseTransitionTime: formatTime(nowMs) }
    },
  },
  cells: {
    Capacity: (object) => stringAt(object, 'spec', 'capacity', 'storage') || '0',
    'Access Modes': (object) => accessModesAt(object, 'spec', 'accessModes'),
    'Reclaim Policy': textCell('spec', 'persistentVolumeReclaimPolicy'),
    Status: (object) => (object.metadata.deletionTimestamp ? 'Terminating' : stringAt(object, 'status', 'phase')),
    Claim: (object) => {
      const claim = fieldsAt(object, 'spec', 'claimRef')
      return claim ? `${stringAt(claim, 'namespace')}/${stringAt(claim, 'name')}` : ''
    },
    StorageClass: storageClassOf,
    VolumeAttributesClass: (object) => stringAt(object, 'spec', 'volumeAttributesClassName') || '<unset>',
    Reason: textCell('status', 'reason'),
    VolumeMode: (object) => stringAt(object, 'spec', 'volumeMode') || '<unset>',
  },
}
