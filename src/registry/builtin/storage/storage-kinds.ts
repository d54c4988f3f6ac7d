import type { KubeObject } from '../../../meta/object.ts'
import type { BuiltinKind } from '../builtin-kind.ts'
import {
  booleanAt,
  defaultTo,
  ensureFields,
  type Fields,
  fieldsAt,
  listAt,
  nullWhenEmpty,
  stringAt,
  stringsAt,
} from '../fields.ts'
import { textCell } from '../table-cells.ts'

const group = 'storage.k8s.io'
const defaultAnnotations = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
]

const storageClassKind: BuiltinKind = {
  group,
  resource: 'storageclasses',
  strategy: {
    returnsDeletedObject: true,
    applyDefaults(object) {
      defaultTo(object, 'reclaimPolicy', 'Delete')
      defaultTo(object, 'volumeBindingMode', 'Immediate')
    },
  },
  cells: {
    Name: ({ metadata }) => {
      const isDefault = defaultAnnotations.some((name) => metadata.annotations?.[name] === 'true')
      return isDefault ? `${metadata.name} (default)` : metadata.name
    },
    Provisioner: textCell('provisioner'),
    ReclaimPolicy: (object) => stringAt(object, 'reclaimPolicy') || 'Delete',
    VolumeBindingMode: (object) => stringAt(object, 'volumeBindingMode') || 'Immediate',
    AllowVolumeExpansion: (object) => booleanAt(object, 'allowVolumeExpansion') ?? false,
  },
}

const volumeAttributesClassKind: BuiltinKind = {
  group,
  resource: 'volumeattributesclasses',
  strategy: { returnsDeletedObject: true },
  cells: { DriverName: textCell('driverName') },
}

function defaultDriver(driver: KubeObject): void {
  const spec = ensureFields(driver, 'spec')
  if (spec === undefined) return
  defaultTo(spec, 'attachRequired', true)
  defaultTo(spec, 'podInfoOnMount', false)
  defaultTo(spec, 'storageCapacity', false)
  defaultTo(spec, 'fsGroupPolicy', 'ReadWriteOnceWithFSType')
  if (stringsAt(spec, 'volumeLifecycleModes').length === 0) spec['volumeLifecycleModes'] = ['Persistent']
  defaultTo(spec, 'requiresRepublish', false)
  defaultTo(spec, 'seLinuxMount', false)
}

const flagCell =
  (field: string, fallback: boolean) =>
  (object: KubeObject): boolean =>
    booleanAt(object, 'spec', field) ?? fallback

const csiDriverKind: BuiltinKind = {
  group,
  resource: 'csidrivers',
  strategy: {
    generation: 'none',
    returnsDeletedObject: true,
    applyDefaults: defaultDriver,
    // Off by default upstream.
    prepareForCreate: (object) => void delete fieldsAt(object, 'spec')?.['preventPodSchedulingIfMissing'],
    allowUnconditionalUpdate: false,
  },
  cells: {
    AttachRequired: flagCell('attachRequired', true),
    PodInfoOnMount: flagCell('podInfoOnMount', false),
    StorageCapacity: flagCell('storageCapacity', false),
    TokenRequests: (object) => {
      const requests = fieldsAt(object, 'spec')?.['tokenRequests']
      if (!Array.isArray(requests)) return '<unset>'
      return listAt(object, 'spec', 'tokenRequests')
        .map((request) => stringAt(request, 'audience'))
        .join(',')
    },
    RequiresRepublish: flagCell('requiresRepublish', false),
    Modes: (object) => stringsAt(object, 'spec', 'volumeLifecycleModes').join(',') || '<none>',
  },
}

const csiNodeKind: BuiltinKind = {
  group,
  resource: 'csinodes',
  strategy: {
    generation: 'none',
    returnsDeletedObject: true,
    allowUnconditionalUpdate: false,
    applyDefaults(object) {
      const spec = fieldsAt(object, 'spec')
      if (spec) nullWhenEmpty(spec, 'drivers')
      for (const driver of listAt(spec, 'drivers')) nullWhenEmpty(driver, 'topologyKeys')
    },
  },
  cells: { Drivers: (object) => listAt(object, 'spec', 'drivers').length },
}

const csiStorageCapacityKind: BuiltinKind = {
  group,
  resource: 'csistoragecapacities',
  strategy: { generation: 'none', allowUnconditionalUpdate: false },
}

const volumeAttachmentKind: BuiltinKind = {
  group,
  resource: 'volumeattachments',
  strategy: {
    generation: 'none',
    returnsDeletedObject: true,
    allowUnconditionalUpdate: false,
    prepareForCreate(object) {
      object['status'] = { attached: false }
    },
  },
  cells: {
    Attacher: textCell('spec', 'attacher'),
    PV: textCell('spec', 'source', 'persistentVolumeName'),
    Node: textCell('spec', 'nodeName'),
    Attached: (object: Fields) => booleanAt(object, 'status', 'attached') ?? false,
  },
}

export const storageKinds: readonly BuiltinKind[] = [
  storageClassKind,
  volumeAttributesClassKind,
  csiDriverKind,
  csiNodeKind,
  csiStorageCapacityKind,
  volumeAttachmentKind,
]
