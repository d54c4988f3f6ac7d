import { describe, expect, it } from 'vitest'
import { MemoryReader } from '../testing/memory-reader.ts'
import { pathAttributes, resourceAttributes, type AuthorizationDecision } from './attributes.ts'
import { forbiddenError, missingWorkspaceForbidden } from './forbidden.ts'
import { createRbacAuthorizer } from './rbac-authorizer.ts'

const ann = { name: 'ann', groups: ['system:authenticated'] }

describe('the 403 of a denied request', () => {
  it.each([
    [
      { resource: 'pods', namespace: 'ns' },
      'pods is forbidden: User "ann" cannot list resource "pods" in API group "" in the namespace "ns"',
    ],
    [
      { resource: 'nodes' },
      'nodes is forbidden: User "ann" cannot list resource "nodes" in API group "" at the cluster scope',
    ],
    [
      { group: 'apps', resource: 'deployments', subresource: 'scale', namespace: 'ns', name: 'web' },
      'deployments.apps "web" is forbidden: User "ann" cannot list resource "deployments/scale" in API group "apps" in the namespace "ns"',
    ],
  ])('says in upstream’s words what was asked: %j', (resource, message) => {
    expect(forbiddenError(resourceAttributes(ann, 'one', 'list', resource))).toMatchObject({ code: 403, message })
  })

  it('names a path, gives the reason, and cannot be taken for HTML', () => {
    expect(forbiddenError(pathAttributes(ann, 'one', 'get', '/p')).status).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'forbidden: User "ann" cannot get path "/p"',
      reason: 'Forbidden',
      details: {},
      code: 403,
    })
    const evil = pathAttributes({ name: '<b>&', groups: [] }, 'one', 'get', '/p')
    expect(forbiddenError(evil, 'why').message).toBe('forbidden: User "&lt;b&gt;&amp;" cannot get path "/p": why')
  })

  it('is the same for a workspace that is missing and for one that is shut', () => {
    const authorizer = createRbacAuthorizer({ reader: new MemoryReader() })
    const asked = resourceAttributes(ann, 'one', 'list', { resource: 'pods', namespace: 'ns' })
    const decision = authorizer.authorize(asked) as AuthorizationDecision
    expect(missingWorkspaceForbidden({ ...asked, logicalCluster: '' }).status).toEqual(
      forbiddenError(asked, decision.reason).status,
    )
  })
})
