import { describe, expect, it } from 'vitest'
import { endpointFields } from './endpoint-fields.ts'

const builtin = { group: 'apps', resource: 'statefulsets', custom: false, hasStatus: true }
const custom = { group: 'example.com', resource: 'widgets', custom: true, hasStatus: true }

describe('what an endpoint resets', () => {
  it('is status on the main endpoint, where there is a status endpoint', () => {
    expect(endpointFields(builtin)).toEqual({ reset: { 'f:status': {} } })
    expect(endpointFields({ ...custom, hasStatus: false })).toEqual({})
  })

  it('is spec on the status endpoint, with metadata for custom resources', () => {
    expect(endpointFields({ ...builtin, subresource: 'status' })).toEqual({ reset: { 'f:spec': {} } })
    expect(endpointFields({ ...custom, subresource: 'status' })).toEqual({ reset: { 'f:metadata': {}, 'f:spec': {} } })
  })

  it('is all but the parts that pods/resize is about', () => {
    const { only } = endpointFields({ ...builtin, group: '', resource: 'pods', subresource: 'resize' })
    expect(only).toEqual({
      'f:spec': {
        'f:containers': { '*': { 'f:resizePolicy': {}, 'f:resources': {} } },
        'f:initContainers': { '*': { 'f:resizePolicy': {}, 'f:resources': {} } },
      },
    })
  })
})
