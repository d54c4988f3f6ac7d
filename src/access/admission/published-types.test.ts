import { describe, expect, test } from 'vitest'
import type { Identity } from '../../client/transport.ts'
import { publicationAnnotation } from '../../meta/fleet/fleet-names.ts'
import type { KubeObject } from '../../meta/object.ts'
import { ownPart } from '../authentication/identity.ts'
import { admit } from '../testing/admission-request.ts'
import { publishedTypes } from './published-types.ts'

const crd = (scope: string, published = true): KubeObject => ({
  metadata: { name: 'widgets.x.io', annotations: published ? { [publicationAnnotation]: 'root/all' } : {} },
  spec: { group: 'x.io', scope },
})
const request = { group: 'apiextensions.k8s.io', resource: 'customresourcedefinitions', name: 'widgets.x.io' }
const users: Identity[] = [
  { name: 'tenant', groups: ['system:authenticated'] },
  { name: 'admin', groups: ['system:masters'] },
]

describe.each(users)('a published type, for $name', (user) => {
  test('may be applied again as it is', async () => {
    const again = { ...crd('Namespaced'), metadata: { ...crd('Namespaced').metadata, labels: { seen: 'yes' } } }
    await expect(
      admit(publishedTypes, { ...request, user, object: again, oldObject: crd('Namespaced') }),
    ).resolves.toBe(again)
  })

  test('conflicts with another definition', async () => {
    const change = { ...request, user, object: crd('Cluster'), oldObject: crd('Namespaced') }
    await expect(admit(publishedTypes, change)).rejects.toMatchObject({
      code: 409,
      message: expect.stringContaining('the type is published by "all" with another definition'),
    })
  })

  test('cannot be deleted', async () => {
    const removal = { ...request, user, operation: 'DELETE' as const, oldObject: crd('Namespaced') }
    await expect(admit(publishedTypes, removal)).rejects.toMatchObject({ code: 403 })
  })

  test('is no concern of this rule once it is not published any more', async () => {
    const removal = { ...request, user, operation: 'DELETE' as const, oldObject: crd('Namespaced', false) }
    await expect(admit(publishedTypes, removal)).resolves.toBeUndefined()
  })
})

test('a published type is changed and removed by the hub itself', async () => {
  const user = ownPart('controller')
  const object = crd('Cluster')
  await expect(admit(publishedTypes, { ...request, user, object, oldObject: crd('Namespaced') })).resolves.toBe(object)
  const removal = { ...request, user, operation: 'DELETE' as const, oldObject: crd('Namespaced') }
  await expect(admit(publishedTypes, removal)).resolves.toBeUndefined()
})
