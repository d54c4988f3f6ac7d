import type { BuiltinKind, Cell } from '../builtin-kind.ts'
import { defaultTo, defaultZero, fieldsAt, listAt, numberAt, stringAt } from '../fields.ts'
import { textCell } from '../table-cells.ts'

const group = 'flowcontrol.apiserver.k8s.io'

const flowSchemaKind: BuiltinKind = {
  group,
  resource: 'flowschemas',
  strategy: {
    applyDefaults(object) {
      const spec = fieldsAt(object, 'spec')
      if (spec) defaultZero(spec, 'matchingPrecedence', 1000)
    },
    prepareForCreate(object) {
      object['status'] = {}
    },
  },
  cells: {
    PriorityLevel: textCell('spec', 'priorityLevelConfiguration', 'name'),
    MatchingPrecedence: (object) => numberAt(object, 'spec', 'matchingPrecedence') ?? 0,
    DistinguisherMethod: (object) => stringAt(object, 'spec', 'distinguisherMethod', 'type') || '<none>',
    MissingPL: (object) => {
      const dangling = listAt(object, 'status', 'conditions').find((condition) => condition['type'] === 'Dangling')
      return dangling ? stringAt(dangling, 'status') : '?'
    },
  },
}

function limitedCell(...path: readonly string[]): Cell {
  return (object) => numberAt(object, 'spec', 'limited', ...path) ?? '<none>'
}

const priorityLevelKind: BuiltinKind = {
  group,
  resource: 'prioritylevelconfigurations',
  strategy: {
    applyDefaults(object) {
      const exempt = fieldsAt(object, 'spec', 'exempt')
      if (exempt) {
        defaultTo(exempt, 'nominalConcurrencyShares', 0)
        defaultTo(exempt, 'lendablePercent', 0)
      }
      const limited = fieldsAt(object, 'spec', 'limited')
      if (limited) {
        defaultTo(limited, 'nominalConcurrencyShares', 30)
        defaultTo(limited, 'lendablePercent', 0)
      }
      const queuing = fieldsAt(limited, 'limitResponse', 'queuing')
      if (queuing) {
        defaultZero(queuing, 'handSize', 8)
        defaultZero(queuing, 'queues', 64)
        defaultZero(queuing, 'queueLengthLimit', 50)
      }
    },
    prepareForCreate(object) {
      object['status'] = {}
    },
  },
  cells: {
    Type: textCell('spec', 'type'),
    NominalConcurrencyShares: limitedCell('nominalConcurrencyShares'),
    Queues: limitedCell('limitResponse', 'queuing', 'queues'),
    HandSize: limitedCell('limitResponse', 'queuing', 'handSize'),
    QueueLengthLimit: limitedCell('limitResponse', 'queuing', 'queueLengthLimit'),
  },
}

export const flowControlKinds: readonly BuiltinKind[] = [flowSchemaKind, priorityLevelKind]
