import { describe, expect, it } from 'vitest'
import type { KubeObject } from '../../meta/object.ts'
import { admissionAttributes, admit } from '../testing/admission-request.ts'
import { type AdmissionOperation, createAdmissionChain } from './admission.ts'
import { hubAdmission } from './hub-admission.ts'
import { systemObjects } from './system-objects.ts'

const kinds = {
  logicalclusters: { group: 'core.kcp.io', name: 'cluster' },
  deliveries: { group: 'fleet.atoll.dev', name: 'slot' },
  agentreports: { group: 'fleet.atoll.dev', name: 'report' },
}
const write = (
  operation: AdmissionOperation,
  resource: keyof typeof kinds,
  { subresource = '', groups = ['system:authenticated'], group = kinds[resource].group } = {},
) => {
  const { name } = kinds[resource]
  const object: KubeObject = { metadata: { name } }
  return admit(systemObjects, {
    operation,
    group,
    resource,
    subresource,
    name,
    user: { name: 'u', groups },
    ...(operation === 'DELETE' ? {} : { object }),
    ...(operation === 'CREATE' ? {} : { oldObject: object }),
  })
}

describe.each(Object.keys(kinds) as (keyof typeof kinds)[])('%s', (resource) => {
  it.each(['CREATE', 'UPDATE', 'DELETE'] as const)('are not for a tenant to %s', async (operation) => {
    await expect(write(operation, resource)).rejects.toMatchObject({
      code: 403,
      message: `${resource}.${kinds[resource].group} "${kinds[resource].name}" is forbidden: ${resource} are written by the hub only`,
    })
  })
  it('are the hub’s to write', async () => {
    await expect(write('UPDATE', resource, { groups: ['system:masters'] })).resolves.toBeDefined()
  })
  it('of another group are somebody else’s', async () => {
    await expect(write('CREATE', resource, { group: 'example.com' })).resolves.toBeDefined()
  })
})

it('lets an agent write the status of deliveries and reports, and of nothing else', async () => {
  await expect(write('UPDATE', 'deliveries', { subresource: 'status' })).resolves.toBeDefined()
  await expect(write('UPDATE', 'agentreports', { subresource: 'status' })).resolves.toBeDefined()
  await expect(write('UPDATE', 'logicalclusters', { subresource: 'status' })).rejects.toMatchObject({ code: 403 })
})

it('is among what every write to the hub meets', () => {
  const reader = { get: () => undefined, list: () => [] }
  const authorizer = { authorize: () => ({ allowed: true, reason: '' }) }
  const rules = { rulesFor: () => ({ rules: [], errors: [] }), rulesOfRole: () => [] }
  const chain = createAdmissionChain(
    hubAdmission({ reader, authorizer, rules, urlOf: (path) => path, foresee: () => [], now: Date.now }),
  )
  const attributes = admissionAttributes({
    group: 'fleet.atoll.dev',
    resource: 'deliveries',
    object: { metadata: { name: 'slot' } },
  })
  expect(() => chain.validate(attributes)).toThrow('deliveries are written by the hub only')
})
