import { isIPv6 } from 'node:net'
import { type FieldError, fieldInvalid } from '../../../../meta/field-error.ts'
import { type Fields, fieldsAt, listAt, numberAt, stringAt, stringsAt } from '../../fields.ts'
import { type FieldErrors, noErrors } from '../../validation/field-checks.ts'
import { isClusterAddress, nodePortRange } from './service-allocation.ts'

/**
 * What a cluster that has IPv4 alone cannot give to a service that is right by itself. As upstream, which finds it while
 * it allocates, this tells the first kind of trouble only: families, then addresses, then node ports.
 */
export function checkCapabilities(spec: Fields): FieldErrors {
  if (spec['type'] === 'ExternalName') return noErrors
  for (const check of [checkStacks, checkFamilies, checkClusterRange, checkNodePortRange]) {
    const errors = check(spec)
    if (errors.length > 0) return errors
  }
  return noErrors
}

/** Its endpoints are made by somebody else, who may have other addresses. */
function isHeadlessWithoutSelector(spec: Fields): boolean {
  return spec['clusterIP'] === 'None' && Object.keys(fieldsAt(spec, 'selector') ?? {}).length === 0
}

function checkStacks(spec: Fields): FieldErrors {
  const errors: FieldError[] = []
  const addresses = stringsAt(spec, 'clusterIPs')
  const families = stringsAt(spec, 'ipFamilies')
  const policy = stringAt(spec, 'ipFamilyPolicy') || (isHeadlessWithoutSelector(spec) ? '' : 'SingleStack')
  if (policy === 'SingleStack') {
    const several = (what: string): FieldError => {
      const detail = `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`
      return fieldInvalid('spec.ipFamilyPolicy', policy, detail)
    }
    if (addresses.length > 1) errors.push(several('cluster IPs'))
    if (families.length > 1) errors.push(several('IP families'))
  }
  for (const [index, address] of addresses.entries()) {
    if (index < families.length || !isIPv6(address)) continue
    errors.push(fieldInvalid(`spec.clusterIPs[${index}]`, addresses, 'IPv6 is not configured on this cluster'))
  }
  return errors
}

function checkFamilies(spec: Fields): FieldErrors {
  if (isHeadlessWithoutSelector(spec)) return noErrors
  const errors: FieldError[] = []
  const policy = stringAt(spec, 'ipFamilyPolicy')
  if (policy === 'RequireDualStack') {
    const detail = 'this cluster is not configured for dual-stack services'
    errors.push(fieldInvalid('spec.ipFamilyPolicy', policy, detail))
  }
  for (const [index, family] of stringsAt(spec, 'ipFamilies').entries()) {
    if (family === 'IPv4') continue
    errors.push(fieldInvalid(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster'))
  }
  return errors
}

function checkClusterRange(spec: Fields): FieldErrors {
  const addresses = stringsAt(spec, 'clusterIPs')
  const outside = addresses.find((address) => address !== 'None' && !isClusterAddress(address))
  if (outside === undefined) return noErrors
  const detail = `failed to allocate IP ${outside}: the provided network does not match the current range`
  return [fieldInvalid('spec.clusterIPs', addresses, detail)]
}

function checkNodePortRange(spec: Fields): FieldErrors {
  const { first, last } = nodePortRange
  for (const [index, port] of listAt(spec, 'ports').entries()) {
    const number = numberAt(port, 'nodePort') ?? 0
    if (number === 0 || (number >= first && number <= last)) continue
    const detail = `provided port is not in the valid range. The range of valid ports is ${first}-${last}`
    return [fieldInvalid(`spec.ports[${index}].nodePort`, number, detail)]
  }
  return noErrors
}
