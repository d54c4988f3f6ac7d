import { isIPv6 } from 'node:net'
import {
  type FieldError,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '../../../../meta/field-error.ts'
import { validateLabels } from '../../../../meta/labels-validation.ts'
import type { KubeObject } from '../../../../meta/object.ts'
import { type Fields, fieldsAt, listAt, numberAt, stringAt, stringsAt } from '../../fields.ts'
import {
  checkIpAt,
  checkLabelAt,
  checkOneOf,
  checkPortAt,
  checkPortNumberAt,
  checkQualifiedNameAt,
  checkSubdomainAt,
  type FieldErrors,
  noErrors,
} from '../../validation/field-checks.ts'
import { describeCidr } from './describe-cidr.ts'
import { needsHealthCheckNodePort } from './service-allocation.ts'
import { checkCapabilities } from './service-capabilities.ts'
import { isExternallyAccessible } from './service-defaults.ts'

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']
const protocols = ['SCTP', 'TCP', 'UDP']
const families = ['IPv4', 'IPv6']
const familyPolicies = ['PreferDualStack', 'RequireDualStack', 'SingleStack']
const distributions = ['PreferClose', 'PreferSameZone', 'PreferSameNode']
const affinityMaxSeconds = 86_400
const onlyForLoadBalancers = "may only be used when `type` is 'LoadBalancer'"

/** A service as it is before the server fills in addresses and node ports. */
export function validateService(service: KubeObject, _: unknown, previous?: KubeObject): FieldErrors {
  const spec = fieldsAt(service, 'spec') ?? {}
  const errors = checkSpec(spec)
  return previous === undefined && errors.length === 0 ? checkCapabilities(spec) : errors
}

function checkSpec(spec: Fields): FieldErrors {
  return [
    ...checkTypeRules(spec),
    ...checkPorts(spec),
    ...validateLabels(fieldsAt(spec, 'selector') as Record<string, string> | undefined, 'spec.selector'),
    ...checkOneOf(spec, 'spec', 'sessionAffinity', ['ClientIP', 'None']),
    ...checkAffinity(spec),
    ...checkAddresses(spec),
    ...stringsAt(spec, 'externalIPs').flatMap((ip, index) => checkExternalIp(`spec.externalIPs[${index}]`, ip)),
    ...checkOneOf(spec, 'spec', 'type', types),
    ...checkNodePorts(spec),
    ...checkDuplicatePorts(spec),
    ...checkLoadBalancerFields(spec),
    ...checkTrafficPolicies(spec),
  ]
}

function isHeadless(spec: Fields): boolean {
  return stringsAt(spec, 'clusterIPs').length === 1 && stringsAt(spec, 'clusterIPs')[0] === 'None'
}

function checkTypeRules(spec: Fields): FieldErrors {
  const type = stringAt(spec, 'type')
  const errors: FieldError[] = []
  if (listAt(spec, 'ports').length === 0 && !isHeadless(spec) && type !== 'ExternalName') {
    errors.push(fieldRequired('spec.ports'))
  }
  if ((type === 'LoadBalancer' || type === 'NodePort') && isHeadless(spec)) {
    errors.push(fieldInvalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`))
  }
  return type === 'ExternalName' ? [...errors, ...checkExternalName(spec)] : errors
}

function checkExternalName(spec: Fields): FieldErrors {
  const errors: FieldError[] = []
  const forbidden = 'may not be set for ExternalName services'
  for (const field of ['clusterIPs', 'ipFamilies']) {
    if (stringsAt(spec, field).length > 0) errors.push(fieldForbidden(`spec.${field}`, forbidden))
  }
  if (spec['ipFamilyPolicy'] !== undefined) errors.push(fieldForbidden('spec.ipFamilyPolicy', forbidden))
  const name = stringAt(spec, 'externalName').replace(/\.$/, '')
  const field = 'spec.externalName'
  return [...errors, ...(name === '' ? [fieldRequired(field)] : checkSubdomainAt(field, name))]
}

function checkPorts(spec: Fields): FieldErrors {
  const ports = listAt(spec, 'ports')
  const names = new Set<string>()
  return ports.flatMap((port, index) => {
    const path = `spec.ports[${index}]`
    const errors: FieldError[] = []
    const name = stringAt(port, 'name')
    if (name !== '') {
      errors.push(...checkLabelAt(`${path}.name`, name))
      if (names.has(name)) errors.push(fieldDuplicate(`${path}.name`, name))
      names.add(name)
    } else if (ports.length > 1) errors.push(fieldRequired(`${path}.name`))
    errors.push(...checkPortNumberAt(`${path}.port`, numberAt(port, 'port') ?? 0))
    errors.push(...checkOneOf(port, path, 'protocol', protocols))
    errors.push(...checkPortAt(`${path}.targetPort`, port['targetPort']))
    const appProtocol = port['appProtocol']
    if (typeof appProtocol === 'string') errors.push(...checkQualifiedNameAt(`${path}.appProtocol`, appProtocol))
    return errors
  })
}

function checkAffinity(spec: Fields): FieldErrors {
  const path = 'spec.sessionAffinityConfig'
  if (spec['sessionAffinity'] === 'None' && spec['sessionAffinityConfig'] !== undefined) {
    return [fieldForbidden(path, 'must not be set when session affinity is None')]
  }
  if (spec['sessionAffinity'] !== 'ClientIP') return noErrors
  const seconds = numberAt(spec, 'sessionAffinityConfig', 'clientIP', 'timeoutSeconds') ?? 0
  if (seconds > 0 && seconds <= affinityMaxSeconds) return noErrors
  const detail = `must be greater than 0 and less than ${affinityMaxSeconds}`
  return [fieldInvalid(`${path}.clientIP.timeoutSeconds`, seconds, detail)]
}

function checkAddresses(spec: Fields): FieldErrors {
  if (spec['type'] === 'ExternalName') return noErrors
  const errors: FieldError[] = [...checkClusterIpSync(spec)]
  const seen = new Set<string>()
  for (const [index, family] of stringsAt(spec, 'ipFamilies').entries()) {
    const field = `spec.ipFamilies[${index}]`
    if (!families.includes(family)) errors.push(fieldNotSupported(field, family, families))
    if (seen.has(family)) errors.push(fieldDuplicate(field, family))
    seen.add(family)
  }
  const policy = spec['ipFamilyPolicy']
  if (typeof policy === 'string' && !familyPolicies.includes(policy)) {
    errors.push(fieldNotSupported('spec.ipFamilyPolicy', policy, familyPolicies))
  }
  return [...errors, ...checkClusterIps(spec)]
}

function checkClusterIpSync(spec: Fields): FieldErrors {
  const address = stringAt(spec, 'clusterIP')
  const addresses = stringsAt(spec, 'clusterIPs')
  const field = 'spec.clusterIPs'
  if (address === '') {
    if (addresses.length === 0) return noErrors
    return [fieldInvalid(field, addresses, 'must be empty when `clusterIP` is not specified')]
  }
  if (addresses.length === 0) return [fieldRequired(field)]
  return addresses[0] === address ? noErrors : [fieldInvalid(field, addresses, 'first value must match `clusterIP`')]
}

function checkClusterIps(spec: Fields): FieldErrors {
  const field = 'spec.clusterIPs'
  const addresses = stringsAt(spec, 'clusterIPs')
  const wrong: FieldError[] = []
  for (const [index, address] of addresses.entries()) {
    if (index > 0 || address !== 'None') wrong.push(...checkIpAt(`${field}[${index}]`, address))
    else if (addresses.length > 1) {
      wrong.push(fieldInvalid(field, addresses, "'None' must be the first and only value"))
    }
  }
  const tooMany = addresses.length > 2 ? [fieldInvalid(field, addresses, 'may only hold up to 2 values')] : []
  if (wrong.length > 0) return [...wrong, ...tooMany]
  const errors: FieldError[] = [...tooMany]
  const [first = '', second] = addresses
  if (second !== undefined && isIPv6(first) === isIPv6(second)) {
    errors.push(fieldInvalid(field, addresses, 'may specify no more than one IP for each IP family'))
  }
  if (isHeadless(spec)) return errors
  for (const [index, family] of stringsAt(spec, 'ipFamilies').entries()) {
    const address = addresses[index]
    if (address === undefined || (family === 'IPv6') === isIPv6(address)) continue
    errors.push(
      fieldInvalid(
        `${field}[${index}]`,
        address,
        `expected an ${family} value as indicated by \`ipFamilies[${index}]\``,
      ),
    )
  }
  return errors
}

function checkExternalIp(field: string, ip: string): FieldErrors {
  const errors = checkIpAt(field, ip)
  if (errors.length > 0) return errors
  const special: FieldError[] = []
  if (ip === '0.0.0.0' || ip === '::') special.push(fieldInvalid(field, ip, `may not be unspecified (${ip})`))
  if (ip.startsWith('127.') || ip === '::1') {
    special.push(fieldInvalid(field, ip, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'))
  }
  if (ip.startsWith('169.254.') || /^fe[89ab]/i.test(ip)) {
    special.push(fieldInvalid(field, ip, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'))
  }
  if (ip.startsWith('224.0.0.') || /^ff02:/i.test(ip)) {
    special.push(fieldInvalid(field, ip, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'))
  }
  return special
}

function checkNodePorts(spec: Fields): FieldErrors {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  for (const [index, port] of listAt(spec, 'ports').entries()) {
    const field = `spec.ports[${index}].nodePort`
    const number = numberAt(port, 'nodePort') ?? 0
    if (number === 0) continue
    if (spec['type'] === 'ClusterIP') errors.push(fieldForbidden(field, "may not be used when `type` is 'ClusterIP'"))
    const key = `${number}/${stringAt(port, 'protocol')}`
    if (seen.has(key)) errors.push(fieldDuplicate(field, number))
    seen.add(key)
  }
  return errors
}

/** Upstream shows its internal structure of the port. */
function checkDuplicatePorts(spec: Fields): FieldErrors {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  for (const [index, port] of listAt(spec, 'ports').entries()) {
    const protocol = stringAt(port, 'protocol')
    const number = numberAt(port, 'port') ?? 0
    const key = `${number}/${protocol}`
    if (seen.has(key)) {
      const shown = { Name: '', Protocol: protocol, AppProtocol: null, Port: number, TargetPort: 0, NodePort: 0 }
      errors.push(fieldDuplicate(`spec.ports[${index}]`, shown))
    }
    seen.add(key)
  }
  return errors
}

function checkLoadBalancerFields(spec: Fields): FieldErrors {
  const errors: FieldError[] = []
  const isLoadBalancer = spec['type'] === 'LoadBalancer'
  const ranges = stringsAt(spec, 'loadBalancerSourceRanges')
  if (ranges.length > 0 && !isLoadBalancer) {
    errors.push(fieldForbidden('spec.LoadBalancerSourceRanges', onlyForLoadBalancers))
  }
  for (const [index, range] of ranges.entries()) {
    const field = `spec.LoadBalancerSourceRanges[${index}]`
    const why = describeCidr(range.trim())
    if (why !== undefined) errors.push(fieldInvalid(field, range, why))
  }
  if (spec['allocateLoadBalancerNodePorts'] !== undefined && !isLoadBalancer) {
    errors.push(fieldForbidden('spec.allocateLoadBalancerNodePorts', onlyForLoadBalancers))
  }
  const className = spec['loadBalancerClass']
  if (typeof className !== 'string') return errors
  const field = 'spec.loadBalancerClass'
  return [
    ...errors,
    ...(isLoadBalancer ? checkQualifiedNameAt(field, className) : [fieldForbidden(field, onlyForLoadBalancers)]),
  ]
}

function checkTrafficPolicies(spec: Fields): FieldErrors {
  const errors: FieldError[] = []
  const external = stringAt(spec, 'externalTrafficPolicy')
  if (isExternallyAccessible(spec))
    errors.push(...checkOneOf(spec, 'spec', 'externalTrafficPolicy', ['Cluster', 'Local']))
  else if (external !== '') {
    const detail = 'may only be set for externally-accessible services'
    errors.push(fieldInvalid('spec.externalTrafficPolicy', external, detail))
  }
  const healthPort = numberAt(spec, 'healthCheckNodePort') ?? 0
  if (healthPort !== 0 && needsHealthCheckNodePort(spec)) {
    errors.push(...checkPortNumberAt('spec.healthCheckNodePort', healthPort))
  } else if (healthPort !== 0) {
    const detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
    errors.push(fieldInvalid('spec.healthCheckNodePort', healthPort, detail))
  }
  const enumerations: readonly (readonly [string, readonly string[]])[] = [
    ['internalTrafficPolicy', ['Cluster', 'Local']],
    ['trafficDistribution', distributions],
  ]
  for (const [field, supported] of enumerations) {
    const value = spec[field]
    if (typeof value === 'string' && !supported.includes(value)) {
      errors.push(fieldNotSupported(`spec.${field}`, value, supported))
    }
  }
  return errors
}

export function validateServiceUpdate(service: KubeObject, previous: KubeObject): FieldErrors {
  const spec = fieldsAt(service, 'spec') ?? {}
  const before = fieldsAt(previous, 'spec') ?? {}
  // Addresses that are wrong by themselves are refused before anybody asks whether they changed.
  const errors: FieldError[] = checkAddresses(spec).length > 0 ? [] : [...checkAddressChange(spec, before)]
  const [classNow, classBefore] = [spec['loadBalancerClass'], before['loadBalancerClass']]
  if (spec['type'] === 'LoadBalancer' && before['type'] === 'LoadBalancer' && classNow !== classBefore) {
    errors.push(fieldInvalid('spec.loadBalancerClass', classNow, 'may not change once set'))
  }
  if (needsHealthCheckNodePort(spec) && needsHealthCheckNodePort(before)) {
    if (spec['healthCheckNodePort'] !== before['healthCheckNodePort']) {
      errors.push(fieldForbidden('spec.healthCheckNodePort', 'field is immutable'))
    }
  }
  return errors.length > 0 || checkSpec(spec).length > 0 ? errors : checkCapabilities(spec)
}

/** Addresses and families stay once set; a second one may come and go. */
function checkAddressChange(spec: Fields, before: Fields): FieldErrors {
  if (spec['type'] === 'ExternalName' || before['type'] === 'ExternalName') return noErrors
  const errors: FieldError[] = []
  const [now, then] = [stringsAt(spec, 'clusterIPs'), stringsAt(before, 'clusterIPs')]
  if (!(isHeadless(spec) && isHeadless(before))) {
    for (const [index, address] of then.entries()) {
      if (index > 0 && now.length !== then.length) break
      if (now.length === 0) {
        errors.push(fieldInvalid('spec.clusterIPs[0]', now, 'primary clusterIP can not be unset'))
        break
      }
      if (now[index] !== address) {
        errors.push(fieldInvalid(`spec.clusterIPs[${index}]`, now, 'may not change once set'))
      }
    }
  }
  if (isHeadless(spec) || isHeadless(before)) return errors
  const [familiesNow, familiesThen] = [stringsAt(spec, 'ipFamilies'), stringsAt(before, 'ipFamilies')]
  if (familiesNow.length > 0 && familiesThen.length > 0 && familiesNow[0] !== familiesThen[0]) {
    errors.push(fieldInvalid('spec.ipFamilies[0]', familiesNow, 'may not change once set'))
  }
  return errors
}
