import { humanDuration } from '../../../meta/human-duration.ts'
import type { KubeObject } from '../../../meta/object.ts'
import type { Strategy } from '../../resource-definition.ts'
import type { BuiltinKind } from '../builtin-kind.ts'
import { ensureFields, fieldsAt, listAt, numberAt, stringAt } from '../fields.ts'
import { textCell } from '../table-cells.ts'
import { formatTime } from '../../../meta/time.ts'

const requester = ['username', 'uid', 'groups', 'extra'] as const

/** Who asks for a certificate is known from the request, never from the object. */
const strategy: Strategy = {
  generation: 'none',
  prepareForCreate(object, { user }) {
    const spec = ensureFields(object, 'spec')
    if (spec) {
      for (const field of requester) delete spec[field]
      spec['username'] = user.name
      if (user.uid !== undefined && user.uid !== '') spec['uid'] = user.uid
      if (user.groups.length > 0) spec['groups'] = [...user.groups]
      if (user.extra !== undefined && Object.keys(user.extra).length > 0) spec['extra'] = structuredClone(user.extra)
    }
    object['status'] = {}
  },
  prepareForUpdate(object, previous) {
    object['spec'] = previous['spec']
    object['status'] = previous['status']
  },
}

/** Approval writes the conditions, status writes everything else. */
const approval: Strategy = {
  generation: 'none',
  prepareForUpdate(object, previous) {
    const conditions = fieldsAt(object, 'status')?.['conditions']
    const { conditions: _, ...status } = fieldsAt(previous, 'status') ?? {}
    object['spec'] = previous['spec']
    object['status'] = { ...status, ...(conditions === undefined ? {} : { conditions }) }
    stampConditions(object, previous)
  },
}

/** New conditions get their times, which clients may leave out. */
function stampConditions(object: KubeObject, previous: KubeObject): void {
  const before = listAt(previous, 'status', 'conditions')
  const now = formatTime(Date.now())
  for (const condition of listAt(object, 'status', 'conditions')) {
    const known = before.find((item) => item['type'] === condition['type'])
    condition['lastUpdateTime'] ??= now
    condition['lastTransitionTime'] ??=
      known && known['status'] === condition['status'] ? known['lastTransitionTime'] : now
  }
}

function conditionCell(request: KubeObject): string {
  const types = new Set(listAt(request, 'status', 'conditions').map((condition) => condition['type']))
  const decision = types.has('Denied') ? 'Denied' : types.has('Approved') ? 'Approved' : 'Pending'
  const failed = types.has('Failed') ? ',Failed' : ''
  const issued = stringAt(request, 'status', 'certificate') === '' ? '' : ',Issued'
  return decision + failed + issued
}

export const certificateSigningRequestKind: BuiltinKind = {
  group: 'certificates.k8s.io',
  resource: 'certificatesigningrequests',
  selectableFields: { 'spec.signerName': (object) => stringAt(object, 'spec', 'signerName') },
  strategy,
  statusStrategy: { prepareForUpdate: stampConditions },
  parts: { approval },
  cells: {
    SignerName: (object) => stringAt(object, 'spec', 'signerName') || '<none>',
    Requestor: textCell('spec', 'username'),
    RequestedDuration: (object) => {
      const seconds = numberAt(object, 'spec', 'expirationSeconds')
      return seconds === undefined ? '<none>' : humanDuration(seconds * 1000)
    },
    Condition: conditionCell,
  },
}
