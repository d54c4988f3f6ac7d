import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  isZeroQuantity,
  type Quantity,
} from '../../../../meta/quantity.ts'
import { ensureFields, type Fields, fieldsAt, listAt } from '../../fields.ts'
import { quantityOf } from '../resource-list.ts'

type Amounts = Map<string, Quantity>
type Which = 'requests' | 'limits'

const hugePages = 'hugepages-'

/**
 * What a pod's containers need together: the larger of all that run at once and the hungriest moment of initialization.
 * https://github.com/kubernetes/enhancements/tree/master/keps/sig-node/753-sidecar-containers
 */
export function aggregateResources(spec: Fields, which: Which): Amounts {
  const total: Amounts = new Map()
  for (const container of listAt(spec, 'containers')) add(total, amountsOf(container, which))
  const sidecars: Amounts = new Map()
  const initial: Amounts = new Map()
  for (const container of listAt(spec, 'initContainers')) {
    const own = amountsOf(container, which)
    if (container['restartPolicy'] === 'Always') {
      add(total, own)
      add(sidecars, own)
      raise(initial, sidecars)
    } else {
      add(own, sidecars)
      raise(initial, own)
    }
  }
  raise(total, initial)
  return total
}

/** Defaults of `spec.resources`, where it says something (KEP-2837). */
export function defaultPodLevelResources(spec: Fields): void {
  const resources = fieldsAt(spec, 'resources')
  if (resources === undefined) return
  const limits = fieldsAt(resources, 'limits') ?? {}
  const requests = fieldsAt(resources, 'requests') ?? {}
  const hasLimits = Object.keys(limits).length > 0
  if (!hasLimits && Object.keys(requests).length === 0) return
  for (const [name, amount] of aggregateResources(spec, 'limits')) {
    if (!name.startsWith(hugePages) || Object.hasOwn(requests, name)) continue
    setAbsent(ensureFields(resources, 'limits'), name, formatQuantity(amount))
  }
  if (!hasLimits && fieldsAt(resources, 'limits') === undefined) return
  defaultPodRequests(spec, resources)
}

function defaultPodRequests(spec: Fields, resources: Fields): void {
  const requests: Fields = fieldsAt(resources, 'requests') ?? {}
  for (const [name, amount] of aggregateResources(spec, 'requests')) {
    if (isPodLevel(name) && !name.startsWith(hugePages)) setAbsent(requests, name, formatQuantity(amount))
  }
  for (const [name, amount] of Object.entries(fieldsAt(resources, 'limits') ?? {})) {
    if (isPodLevel(name)) setAbsent(requests, name, amount)
  }
  if (Object.keys(requests).length > 0) resources['requests'] = requests
}

function isPodLevel(name: string): boolean {
  return name === 'cpu' || name === 'memory' || name.startsWith(hugePages)
}

function setAbsent(target: Fields | undefined, name: string, value: unknown): void {
  if (target && !Object.hasOwn(target, name)) target[name] = value
}

function amountsOf(container: Fields, which: Which): Amounts {
  const amounts: Amounts = new Map()
  for (const [name, value] of Object.entries(fieldsAt(container, 'resources', which) ?? {})) {
    const amount = quantityOf(value)
    if (amount) amounts.set(name, amount)
  }
  return amounts
}

function add(target: Amounts, more: Amounts): void {
  for (const [name, amount] of more) {
    const known = target.get(name)
    target.set(name, known ? addQuantities(known, amount) : amount)
  }
}

function raise(target: Amounts, floor: Amounts): void {
  for (const [name, amount] of floor) {
    const known = target.get(name)
    if (known === undefined || compareQuantities(amount, known) > 0) target.set(name, amount)
  }
}

/** https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/ */
export function qosClassOf(spec: Fields): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const podLevel = fieldsAt(spec, 'resources')
  const scopes: readonly Fields[] = podLevel
    ? [{ resources: podLevel }]
    : [...listAt(spec, 'containers'), ...listAt(spec, 'initContainers')]
  const requests: Amounts = new Map()
  const limits: Amounts = new Map()
  let guaranteed = true
  for (const scope of scopes) {
    add(requests, computeAmounts(scope, 'requests'))
    const own = computeAmounts(scope, 'limits')
    add(limits, own)
    if (!own.has('cpu') || !own.has('memory')) guaranteed = false
  }
  if (requests.size === 0 && limits.size === 0) return 'BestEffort'
  const equal = [...requests].every(([name, amount]) => {
    const limit = limits.get(name)
    return limit !== undefined && compareQuantities(limit, amount) === 0
  })
  return guaranteed && equal && requests.size === limits.size ? 'Guaranteed' : 'Burstable'
}

/** Only CPU and memory, and only what is more than nothing, decide the class. */
function computeAmounts(scope: Fields, which: Which): Amounts {
  const amounts = [...amountsOf(scope, which)]
  return new Map(amounts.filter(([name, amount]) => (name === 'cpu' || name === 'memory') && !isZeroQuantity(amount)))
}
