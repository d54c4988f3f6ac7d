import { defaultTo, defaultZero, type Fields, fieldsAt, listAt, stringAt } from '../../fields.ts'
import { roundResources } from '../resource-list.ts'
import { defaultPullPolicy } from './image-reference.ts'

/** Of containers, init containers and ephemeral containers alike. */
export function defaultContainer(container: Fields): void {
  defaultZero(container, 'imagePullPolicy', defaultPullPolicy(stringAt(container, 'image')))
  defaultZero(container, 'terminationMessagePath', '/dev/termination-log')
  defaultZero(container, 'terminationMessagePolicy', 'File')
  for (const port of listAt(container, 'ports')) defaultZero(port, 'protocol', 'TCP')
  for (const variable of listAt(container, 'env')) defaultEnvSource(fieldsAt(variable, 'valueFrom'))
  roundResources(fieldsAt(container, 'resources'))
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe']) defaultProbe(fieldsAt(container, name))
  for (const hook of ['postStart', 'preStop']) defaultHttpGet(fieldsAt(container, 'lifecycle', hook, 'httpGet'))
}

function defaultEnvSource(source: Fields | undefined): void {
  if (source === undefined) return
  const field = fieldsAt(source, 'fieldRef')
  if (field) defaultZero(field, 'apiVersion', 'v1')
  const resource = fieldsAt(source, 'resourceFieldRef')
  if (resource) defaultTo(resource, 'divisor', '0')
  const file = fieldsAt(source, 'fileKeyRef')
  if (file) defaultTo(file, 'optional', false)
}

function defaultProbe(probe: Fields | undefined): void {
  if (probe === undefined) return
  defaultZero(probe, 'timeoutSeconds', 1)
  defaultZero(probe, 'periodSeconds', 10)
  defaultZero(probe, 'successThreshold', 1)
  defaultZero(probe, 'failureThreshold', 3)
  defaultHttpGet(fieldsAt(probe, 'httpGet'))
  const grpc = fieldsAt(probe, 'grpc')
  if (grpc) defaultTo(grpc, 'service', '')
}

function defaultHttpGet(action: Fields | undefined): void {
  if (action === undefined) return
  defaultZero(action, 'path', '/')
  defaultZero(action, 'scheme', 'HTTP')
}
