import type { KubeObject } from '../../../meta/object.ts'
import type { BuiltinKind } from '../builtin-kind.ts'
import { defaultTo, defaultZero, type Fields, fieldsAt, listAt, nullWhenEmpty, stringAt } from '../fields.ts'
import { textCell } from '../table-cells.ts'
import { formatTime } from '../../../meta/time.ts'

const group = 'resource.k8s.io'

function defaultClaimSpec(spec: Fields | undefined): void {
  const devices = fieldsAt(spec, 'devices')
  if (devices) nullWhenEmpty(devices, 'requests')
  for (const request of listAt(spec, 'devices', 'requests')) {
    const exactly = fieldsAt(request, 'exactly')
    if (exactly) defaultRequest(exactly)
    for (const alternative of listAt(request, 'firstAvailable')) defaultRequest(alternative)
  }
}

function defaultRequest(request: Fields): void {
  defaultZero(request, 'allocationMode', 'ExactCount')
  if (request['allocationMode'] === 'ExactCount') defaultZero(request, 'count', 1)
}

function stateCell(claim: KubeObject): string {
  const deleted = claim.metadata.deletionTimestamp !== undefined
  const states = deleted ? ['deleted'] : []
  if (fieldsAt(claim, 'status', 'allocation')) {
    states.push('allocated')
    if (listAt(claim, 'status', 'reservedFor').length > 0) states.push('reserved')
  } else if (!deleted) {
    states.push('pending')
  }
  return states.join(',')
}

function defaultSlice(slice: KubeObject): void {
  for (const device of listAt(slice, 'spec', 'devices')) {
    for (const taint of listAt(device, 'taints')) defaultTo(taint, 'timeAdded', formatTime(Date.now()))
  }
}

export const deviceKinds: readonly BuiltinKind[] = [
  { group, resource: 'deviceclasses', strategy: { returnsDeletedObject: true } },
  {
    group,
    resource: 'resourceclaims',
    strategy: {
      generation: 'none',
      returnsDeletedObject: true,
      applyDefaults: (object) => defaultClaimSpec(fieldsAt(object, 'spec')),
      prepareForCreate(object) {
        object['status'] = {}
      },
    },
    cells: { State: stateCell },
  },
  {
    group,
    resource: 'resourceclaimtemplates',
    strategy: {
      generation: 'none',
      returnsDeletedObject: true,
      applyDefaults: (object) => defaultClaimSpec(fieldsAt(object, 'spec', 'spec')),
    },
  },
  {
    group,
    resource: 'resourceslices',
    selectableFields: {
      'spec.nodeName': (slice) => stringAt(slice, 'spec', 'nodeName'),
      'spec.driver': (slice) => stringAt(slice, 'spec', 'driver'),
    },
    strategy: { returnsDeletedObject: true, applyDefaults: defaultSlice },
    cells: {
      Node: textCell('spec', 'nodeName'),
      Driver: textCell('spec', 'driver'),
      Pool: textCell('spec', 'pool', 'name'),
    },
  },
]
