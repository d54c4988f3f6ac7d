import type { Condition, JsonObject } from '../meta/object.ts'
import { numberAt, recordsAt, textAt } from './json-access.ts'

export type Availability = Pick<Condition, 'status' | 'reason' | 'message'>

/** What the syncer keeps of an object in the child. */
export interface ObservedStatus {
  /** 0 for kinds that have none. */
  generation: number
  status: JsonObject | undefined
}

const yes = (reason: string, message = ''): Availability => ({ status: 'True', reason, message })
const no = (reason: string, message = ''): Availability => ({ status: 'False', reason, message })

/** Whether an object does in the child what it is there for, by what its kind says in its status. */
export function availabilityOf(group: string, kind: string, observed: ObservedStatus): Availability {
  const { status, generation } = observed
  const seen = numberAt(status, 'observedGeneration')
  if (seen !== undefined && seen < generation) return no('NotObserved', 'the child has not yet looked at this version')
  const replicas = numberAt(status, 'replicas') ?? 0
  switch (`${group}/${kind}`) {
    case 'apps/Deployment':
      return status ? byCondition(status, 'Available') : no('NotObserved')
    case 'apps/StatefulSet':
    case 'apps/ReplicaSet':
    case '/ReplicationController':
      if (!status || seen === undefined) return no('NotObserved')
      return readyOf(numberAt(status, 'readyReplicas') ?? 0, replicas)
    case 'apps/DaemonSet':
      if (!status || seen === undefined) return no('NotObserved')
      return readyOf(numberAt(status, 'numberAvailable') ?? 0, numberAt(status, 'desiredNumberScheduled') ?? 0)
    case '/Pod':
      return textAt(status, 'phase') === 'Succeeded' ? yes('Succeeded') : byCondition(status, 'Ready')
    case 'batch/Job':
      return jobAvailability(status)
    case '/PersistentVolumeClaim':
      return textAt(status, 'phase') === 'Bound' ? yes('Bound') : no(textAt(status, 'phase') ?? 'Pending')
    case 'apiextensions.k8s.io/CustomResourceDefinition':
      return byCondition(status, 'Established')
    default:
      return byConvention(status)
  }
}

function readyOf(ready: number, wanted: number): Availability {
  return ready >= wanted ? yes('Ready', `${ready} of ${wanted}`) : no('NotReady', `${ready} of ${wanted} are ready`)
}

function jobAvailability(status: JsonObject | undefined): Availability {
  if (conditionOf(status, 'Failed')?.status === 'True') return { ...byCondition(status, 'Failed'), status: 'False' }
  return conditionOf(status, 'Complete')?.status === 'True' ? yes('Complete') : yes('Running')
}

/** Other kinds: the conditions that most controllers write, else being there is enough. */
function byConvention(status: JsonObject | undefined): Availability {
  for (const type of ['Available', 'Ready']) if (conditionOf(status, type)) return byCondition(status, type)
  return yes('Present')
}

function conditionOf(status: JsonObject | undefined, type: string): JsonObject | undefined {
  return recordsAt(status, 'conditions').find((condition) => textAt(condition, 'type') === type)
}

function byCondition(status: JsonObject | undefined, type: string): Availability {
  const condition = conditionOf(status, type)
  if (!condition) return no('NotObserved')
  const value = textAt(condition, 'status')
  return {
    status: value === 'True' ? 'True' : value === 'False' ? 'False' : 'Unknown',
    reason: textAt(condition, 'reason') || type,
    message: textAt(condition, 'message') ?? '',
  }
}
